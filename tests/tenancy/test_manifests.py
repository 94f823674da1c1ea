"""Documents inside ConfigMap manifests: the line and the column are those of the file the admin edits."""

import json

import pytest

from tenantspawner.tenancy import Envelope, Source, documents, read

DOCUMENT = "version: 1\n\nimages:\n  scipy: {image: quay.io/a/b}\nprofiles: {small: {}}\ntenants:\n  a: {members: [], images: [scypi], profiles: [small]}\n"


def indented(text: str, by: int) -> str:
    return "".join(f"{' ' * by}{line}" if line.strip() else line for line in text.splitlines(keepends=True))


def manifest(header: str = "|", by: int = 4) -> str:
    return f"# ours\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: tenants}}\ndata:\n  tenants.yaml: {header}\n{indented(DOCUMENT, by)}"


def problems(text: str) -> list[str]:
    sources, found = documents(Source("f.yaml", text))
    return [str(problem) for problem in (*found, *(read(sources, Envelope()).problems if sources else ()))]


WHERE = "f.yaml:{}:{}: tenants.a.images[0]: there is no image scypi in the catalogue; did you mean scipy?"


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        (DOCUMENT, 7, 29),
        (manifest(), 13, 33),
        (manifest("|-"), 13, 33),
        (manifest("|+ # a remark"), 13, 33),
        (manifest("|2"), 13, 33),
        (manifest(by=7), 13, 36),
        (manifest().replace("\n", "\r\n"), 13, 33),
        ("kind: Secret\napiVersion: v1\nx: no\nx: 010\n---\n" + manifest(), 18, 33),
        (
            "apiVersion: v1\nkind: List\nitems:\n- " + indented(manifest(), 2).lstrip().replace("# ours\n  ", "", 1),
            15,
            35,
        ),
    ],
)
def test_the_place_is_the_files_own(text, line, column):
    assert problems(text) == [WHERE.format(line, column)]


def test_text_that_does_not_stand_there_line_by_line_says_the_line_within():
    config_map = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "data": {"tenants.yaml": DOCUMENT, "more.txt": "[", "x.json": "{}"},
    }
    assert problems(json.dumps(config_map)) == [WHERE.format(1, 68) + " (line 7, column 29 of tenants.yaml)"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (manifest().replace("tenants.yaml: |", "tenants.yaml:"), "f.yaml:6:3: data.tenants.yaml: must be text: write the document indented below tenants.yaml: |"),
        (manifest().replace("tenants.yaml", "tenants.txt"), "f.yaml:1:1: no ConfigMap here has a key that ends in .yaml, .yml or .json"),
        ("apiVersion: v1\nkind: ConfigMap\n", "f.yaml:1:1: no ConfigMap here has a key"),
        ("apiVersion: v1\nkind: Service\n", "f.yaml:1:1: no ConfigMap here has a key"),
        (manifest() + "---\na: [\n", "f.yaml:16:1: is not YAML"),
        (manifest().replace("metadata:", "kind: ConfigMap\nmetadata:"), 'f.yaml:4:1: kind: the key "kind" was given before, in line 3'),
        (manifest().replace("data:", "data: &x"), "f.yaml:5:7: data: an anchor (&) is not read here"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_manifest_itself_is_said(text, words):
    assert any(problem.startswith(words) for problem in problems(text)), problems(text)


def test_several_config_maps_in_one_file_are_all_read():
    second = (
        manifest()
        .replace("version: 1\n", "version: 1\n    default: a\n")
        .replace("scipy:", "other:")
        .replace("small:", "large:")
        .replace("  a:", "  b:")
    )
    sources, found = documents(Source("f.yaml", manifest() + "---\n" + second))
    assert found == []
    assert [(source.key, source.first_line, source.first_column) for source in sources] == [
        ("tenants.yaml", 7, 5),
        ("tenants.yaml", 21, 5),
    ]
