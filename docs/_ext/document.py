"""The keys of the tenancy document as tables, from the JSON Schema of its models and what `meanings` says of them."""

from meanings import MEANINGS, ORDER

from tenantspawner.tenancy import schema


def page():
    whole = schema()
    models = {"Tenancy": whole, **whole["$defs"]}
    return "\n".join(part for name in ORDER for part in section(name, models[name]))


def section(name, model):
    title, introduction = MEANINGS[name][""]
    yield f"(doc-{name.lower()})=\n\n## {title}\n\n{introduction}\n"
    yield "| key | value | meaning |\n| --- | --- | --- |"
    required = model.get("required", [])
    for key, value in model["properties"].items():
        meaning = MEANINGS[name][key]
        must = " **Required.**" if key in required else ""
        yield f"| `{key}` | {form(value)} | {meaning}{must} |"
    yield ""


def form(value):
    """Say in words what a schema takes."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        return f"[{MEANINGS[name][''][0].lower()}](#doc-{name.lower()})"
    if several := value.get("oneOf", value.get("anyOf")):
        forms = dict.fromkeys(form(one) for one in several if one.get("type") != "null")
        return "amount" if set(forms) == {"text", "number"} else " or ".join(forms)
    if choices := value.get("enum", [value["const"]] if "const" in value else []):
        return " or ".join(f"`{one}`" for one in choices)
    return plain(value)


def plain(value):
    """Say it of a value of one type."""
    match value.get("type"):
        case "array":
            return f"list of {form(value['items'])}"
        case "object":
            inner = value.get("additionalProperties") or next(iter(value.get("patternProperties", {}).values()), None)
            return f"mapping of name to {form(inner)}" if isinstance(inner, dict) else "mapping"
        case "integer" | "number":
            return "number"
        case "boolean":
            return "`true` or `false`"
        case _:
            return "day" if value.get("format") == "date" else "text"
