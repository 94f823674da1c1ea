"""Makes `tenantspawner/localcluster/api/wire.json`: the protobuf numbers of the fields in `types.json`.

Run by hand when a newer Kubernetes is followed: ``python tests/localcluster/make_wire.py K8S_IO_API APIMACHINERY``,
the directories of those two Go modules. Kept are numbers and names, ``?`` where a zero
means something (pointers, and what JSON always has) and ``*`` before a struct that JSON writes inline.
"""

import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).parents[2] / "tenantspawner/localcluster/api"
STRUCT = re.compile(r"^type (\w+) struct \{(.*?)^\}", re.MULTILINE | re.DOTALL)
FIELD = re.compile(r'^\s+(?:(\w+)\s+)?(\*?)([\[\]\w.*]+)\s+`json:"([^"]*)".*?protobuf:"\w+,(\d+)', re.MULTILINE)
GROUPS = (
    "core", "rbac", "networking", "coordination", "storage", "scheduling", "admissionregistration", "discovery",
    "authorization", "authentication", "events", "policy",
)  # fmt: skip


def main(api: str, apimachinery: str) -> None:
    wanted = json.loads((HERE / "types.json").read_text())["types"]
    sources = [Path(apimachinery) / "pkg/apis/meta/v1/types.go"] + [
        Path(api) / group / "v1/types.go" for group in GROUPS
    ]
    found: dict[str, dict[str, str]] = {}
    for source in sources:
        group = source.parts[-3]
        for name, body in STRUCT.findall(source.read_text()):
            fields = {
                number: described(json_name, pointer, type_name)
                for _, pointer, type_name, json_name, number in FIELD.findall(body)
            }
            if not fields:
                continue
            full = f"{group.capitalize()}{name}" if name in found and f"{group.capitalize()}{name}" in wanted else name
            found.setdefault(full, fields)
    kept: dict[str, dict[str, str]] = {}
    waiting = [name for name in wanted if name in found]
    while waiting:
        name = waiting.pop()
        if name not in kept:
            kept[name] = found[name]
            waiting += [field[1:] for field in found[name].values() if field.startswith("*")]
    lines = [f"  {json.dumps(name)}: {json.dumps(fields)}" for name, fields in sorted(kept.items())]
    (HERE / "wire.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print("without numbers:", sorted(set(wanted) - set(kept)))


def described(json_name: str, pointer: str, type_name: str) -> str:
    name, _, options = json_name.partition(",")
    if not name and "inline" in options:
        return "*" + type_name.rpartition(".")[2]
    return name + ("?" if pointer or "omit" not in options else "")


if __name__ == "__main__":
    main(*sys.argv[1:])
