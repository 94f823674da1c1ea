"""Makes `tenantspawner/localcluster/api/types.json` from a Kubernetes release's ``api/openapi-spec/swagger.json``.

Run by hand when a newer Kubernetes is followed: ``python tests/localcluster/make_schema.py SWAGGER``.
Kept are names of types and fields, what each holds, and how lists merge; no descriptions.
"""

import json
import sys
from pathlib import Path
from typing import Any

from tenantspawner.localcluster import kinds

TARGET = Path(__file__).parents[2] / "tenantspawner/localcluster/api/types.json"
EXTRA = [
    ("authorization.k8s.io", "v1", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "v1", "SelfSubjectRulesReview"),
    ("authorization.k8s.io", "v1", "SubjectAccessReview"),
    ("authorization.k8s.io", "v1", "LocalSubjectAccessReview"),
    ("authentication.k8s.io", "v1", "TokenReview"),
    ("authentication.k8s.io", "v1", "TokenRequest"),
    ("authentication.k8s.io", "v1", "SelfSubjectReview"),
    ("events.k8s.io", "v1", "Event"),
    ("", "v1", "Binding"),
    ("policy", "v1", "Eviction"),
    ("", "v1", "DeleteOptions"),
    ("", "v1", "Status"),
]
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "intstr",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "microtime",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
}


class Maker:
    """Collects the types reachable from those asked for."""

    def __init__(self, definitions: dict[str, Any]) -> None:
        self.definitions = definitions
        self.types: dict[str, dict[str, str]] = {}
        self.names: dict[str, str] = {}

    def name(self, full: str) -> str:
        if full not in self.names:
            short = full.rsplit(".", 1)[1]
            if short in self.names.values():
                short = "".join(part.capitalize() for part in full.split(".")[-3:-2]) + short
            self.names[full] = short
            self.types[short] = {}
            definition = self.definitions[full]
            required = definition.get("required", [])
            self.types[short] = {
                field: self.describe(prop) + ("!" if field in required else "")
                for field, prop in sorted(definition.get("properties", {}).items())
            }
        return self.names[full]

    def describe(self, prop: dict[str, Any]) -> str:
        atomic = " atomic" if prop.get("x-kubernetes-map-type") == "atomic" else ""
        if "$ref" in prop:
            full = prop["$ref"].removeprefix("#/definitions/")
            if full in SCALARS:
                return SCALARS[full]
            if self.definitions[full].get("x-kubernetes-map-type") == "atomic":
                atomic = " atomic"
            return self.name(full) + atomic
        if prop.get("type") == "array":
            return self.describe_list(prop)
        if "additionalProperties" in prop:
            return "{" + self.describe(prop["additionalProperties"]) + atomic + "}"
        if prop.get("type") == "integer" or prop.get("format") == "byte":
            return {"byte": "bytes"}.get(prop.get("format", "int32"), prop.get("format", "int32"))
        return {"object": "any", None: "any"}.get(prop.get("type"), prop.get("type"))

    def describe_list(self, prop: dict[str, Any]) -> str:
        words = [self.describe(prop["items"]).removesuffix(" atomic")]
        match prop.get("x-kubernetes-list-type"):
            case "map":
                words.append("map=" + ",".join(prop["x-kubernetes-list-map-keys"]))
            case "set":
                words.append("set")
        strategy = prop.get("x-kubernetes-patch-strategy", "")
        if "merge" in strategy:
            words.append("merge=" + prop.get("x-kubernetes-patch-merge-key", ""))
        if "retainKeys" in strategy:
            words.append("retain")
        return "[" + " ".join(words) + "]"


def main(swagger: str) -> None:
    definitions = json.loads(Path(swagger).read_text())["definitions"]
    by_gvk = {
        (gvk["group"], gvk["version"], gvk["kind"]): full
        for full, definition in definitions.items()
        for gvk in definition.get("x-kubernetes-group-version-kind", [])
    }
    maker = Maker(definitions)
    roots = {}
    for gvk in [(kind.group, kind.version, kind.kind) for kind in kinds.ALL] + EXTRA:
        roots["/".join(filter(None, gvk))] = maker.name(by_gvk[gvk])
    lines = [f"  {json.dumps(name)}: {json.dumps(fields)}" for name, fields in sorted(maker.types.items())]
    TARGET.write_text(
        '{"roots": ' + json.dumps(roots) + ',\n"types": {\n' + ",\n".join(lines) + "\n}}\n",
    )


if __name__ == "__main__":
    main(sys.argv[1])
