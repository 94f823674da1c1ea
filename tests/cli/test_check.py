"""``tenantspawner check``: what it prints, how it ends; and ``schema``."""

import io
import json
import sys
from pathlib import Path

import pytest
from traitlets.utils.importstring import import_item

from tenantspawner.cli import TenantSpawnerApp, main
from tenantspawner.cli.app import COMMANDS
from tenantspawner.tenancy import schema

PROFILES = Path(__file__).parents[2] / "profiles"
BAD = "version: 1\ntenants:\n  a: {members: [], images: [x], profiles: [], nme: A}\n"


@pytest.fixture
def run(capsys):
    def call(*arguments: str) -> tuple[int, str, str]:
        for kind in (TenantSpawnerApp, *(import_item(path) for path, _ in COMMANDS.values())):
            kind.clear_instance()  # traitlets keeps one of each in a process
        with pytest.raises(SystemExit) as end:
            main(list(arguments))
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call


@pytest.fixture
def bad(tmp_path) -> str:
    path = tmp_path / "bad.yaml"
    path.write_text(BAD)
    return str(path)


@pytest.mark.parametrize("name", ["ten-lines.yaml", "configmap.yaml", "university.yaml", "company.yaml"])
def test_an_example_is_fine_and_nothing_is_printed(run, name):
    status, out, err = run("check", str(PROFILES / name))
    assert (status, out) == (0, "")
    assert "fine: " in err


def test_problems_are_lines_one_can_click(run, bad):
    status, out, err = run("check", bad)
    assert status == 1
    assert out.splitlines() == [
        f"{bad}:3:29: tenants.a.images[0]: there is no image x in the catalogue; an image outside the catalogue is written in full, with its registry",
        f"{bad}:3:47: tenants.a.nme: unknown key; known here: {out.splitlines()[1].split('known here: ')[1]}",
    ]
    assert "2 problems" in err


def test_problems_as_json(run, bad):
    status, out, _ = run("check", "--format", "json", bad)
    assert status == 1
    first = json.loads(out)["problems"][0]
    assert (first["file"], first["line"], first["column"], first["path"], first["severity"]) == (
        bad,
        3,
        29,
        "tenants.a.images[0]",
        "error",
    )


def test_problems_as_annotations_of_a_workflow(run, tmp_path):
    path = tmp_path / "a,b.yaml"
    path.write_text(BAD + 'contact: ""\n')
    status, out, _ = run("check", "--format=github", str(path))
    assert status == 1
    assert out.splitlines()[0].startswith(
        f"::error file={tmp_path}/a%2Cb.yaml,line=3,col=29::tenants.a.images[0]: there is no image x"
    )


def test_warnings_are_marked_and_do_not_fail(run, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_text((PROFILES / "ten-lines.yaml").read_text().replace('"*"', "Ada"))
    status, out, _ = run("check", str(path))
    assert status == 0
    assert ": warning: tenants.everybody.members[0].users[0]: " in out


def test_standard_input_and_several_files_are_one_tenancy(run, monkeypatch, tmp_path):
    common = tmp_path / "common.yaml"
    common.write_text("version: 1\nimages: {x: {image: quay.io/a/b}}\nprofiles: {s: {}}\n")
    team = b"tenants: {a: {members: [], images: [x], profiles: [s]}}\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(team)))
    status, out, err = run("check", str(common), "-")
    assert (status, out) == (0, "")
    assert "fine: 1 tenant, 1 profile, 1 image" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check"], "which files?"),
        (["check", "no-such.yaml"], "no-such.yaml cannot be read: No such file"),
        (["check", "--frmat", "json", "x"], "there is no option --frmat"),
        (["check", "--format", "xml", "x"], "expected any of"),
        (["check", "--config", "no-such.py", str(PROFILES / "ten-lines.yaml")], "there is no such file"),
        (["chek", "x"], "there is no command 'chek'"),
    ],
)
def test_what_cannot_be_looked_at_ends_with_two(run, arguments, words):
    status, out, err = run(*arguments)
    assert status == 2
    assert words in err
    assert out == ""


def test_a_file_that_is_not_utf8_is_a_problem_with_a_line(run, tmp_path):
    path = tmp_path / "t.yaml"
    path.write_bytes("version: 1\ncontact: Käthe\n".encode("latin-1"))
    status, out, _ = run("check", str(path))
    assert status == 1
    assert out.startswith(f"{path}:2:11: is not UTF-8 here")


def test_the_hubs_configuration_bounds_the_document(run):
    document = str(PROFILES / "company.yaml")
    status, _, err = run("check", document, "--config", str(PROFILES / "company_config.py"))
    assert status == 0
    assert "not checked" not in err


@pytest.mark.parametrize(
    ("config", "status", "words"),
    [
        ("c.TenantSpawner.allowed_cluster_roles = ['other']", 1, "allowed_cluster_roles"),
        ("c.TenantSpawner.allowed_cluster_roles = {'tenantspawner-notebook'}", 0, "fine"),
        ("c.KubeSpawner.profile_list = lambda spawner: []", 0, "profile_list is a callable"),
        ("c.KubeSpawner.profile_list = [{}]", 2, "profile_list"),
        ("c.TenantSpawner.max_pod_security = 'none'", 2, "max_pod_security"),
        ("c.KubeSpawner.mem_limit = '2X'", 2, "mem_limit"),
        ("raise RuntimeError('no')", 2, "cannot be run: RuntimeError: no"),
    ],
)
def test_configurations_of_all_kinds(run, tmp_path, config, status, words):
    path = tmp_path / "hub.py"
    path.write_text(f"c = get_config()\n{config}\n")
    answer, out, err = run("check", str(PROFILES / "company.yaml"), "--config", str(path))
    assert answer == status, out + err
    assert words in out + err


def test_the_schema_is_printed(run):
    status, out, _ = run("schema")
    assert status == 0
    assert json.loads(out) == schema()


def test_without_a_command_there_is_help(run):
    status, out, _ = run()
    assert status == 0
    assert "check" in out
    assert "explain" in out
