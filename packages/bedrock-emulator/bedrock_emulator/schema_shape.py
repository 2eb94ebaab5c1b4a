"""Reading a JSON schema: following $ref, folding allOf together, listing the alternatives of anyOf and oneOf."""

from typing import Any

from bedrock_emulator.documents import Document

_ALTERNATIVES = ("anyOf", "oneOf")


def resolve(schema: Any, root: Document) -> Document:
    """The schema with its own $ref followed and its allOf folded in; true and {} allow anything."""
    if not isinstance(schema, dict):
        return {}
    seen: set[str] = set()
    while isinstance(reference := schema.get("$ref"), str) and reference not in seen:
        seen.add(reference)
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        schema = merge(_pointed_at(reference, root), beside)
    for part in schema.get("allOf", []):
        schema = merge(schema, resolve(part, root))
    return {key: value for key, value in schema.items() if key != "allOf"}


def merge(first: Document, second: Document) -> Document:
    """Both schemas at once, as far as keywords can be folded; the stricter bound wins."""
    merged = dict(first)
    for key, value in second.items():
        old = merged.get(key)
        if old is None:
            merged[key] = value
        elif key in ("properties", "$defs", "definitions"):
            merged[key] = {**old, **{n: merge(old[n], s) if n in old else s for n, s in value.items()}}
        elif key == "required":
            merged[key] = list(dict.fromkeys([*old, *value]))
        elif key == "enum":
            merged[key] = [item for item in old if item in value]
        elif key.lower().startswith(("min", "exclusivemin")):
            merged[key] = max(old, value)
        elif key.lower().startswith(("max", "exclusivemax")):
            merged[key] = min(old, value)
        elif key == "allOf":
            merged[key] = [*old, *value]
        elif key == "type":
            merged[key] = _common_types(old, value)
        else:
            merged[key] = value
    return merged


def alternatives(schema: Document, root: Document) -> list[Document]:
    """The schemas of which one is to be chosen; the schema itself when there is no choice."""
    for keyword in _ALTERNATIVES:
        if schema.get(keyword):
            rest = {key: value for key, value in schema.items() if key != keyword}
            options = [merge(rest, resolve(option, root)) for option in schema[keyword]]
            return [branch for option in options for branch in alternatives(option, root)]
    kinds = schema.get("type")
    if isinstance(kinds, list):
        ordered = sorted(kinds, key=lambda kind: kind == "null")
        return [{**schema, "type": kind} for kind in ordered]
    if schema.get("nullable") and "enum" not in schema:
        return [{key: value for key, value in schema.items() if key != "nullable"}]
    return [schema]


def kind_of(schema: Document) -> str:
    """The JSON type a schema asks for, guessed from its keywords when it names none."""
    named = schema.get("type")
    if isinstance(named, str):
        return named
    for keyword, kind in (
        ("properties", "object"),
        ("required", "object"),
        ("items", "array"),
        ("prefixItems", "array"),
        ("minimum", "number"),
        ("maximum", "number"),
        ("multipleOf", "number"),
    ):
        if keyword in schema:
            return kind
    return "string"


def _common_types(first: Any, second: Any) -> Any:
    old = first if isinstance(first, list) else [first]
    new = second if isinstance(second, list) else [second]
    common = [kind for kind in new if kind in old or (kind == "integer" and "number" in old)]
    common += [kind for kind in old if kind == "integer" and "number" in new and kind not in common]
    return common[0] if len(common) == 1 else common or second


def _pointed_at(reference: str, root: Document) -> Document:
    target: Any = root
    if reference in ("#", "#/"):
        return root
    for part in reference.removeprefix("#/").split("/"):
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and key.isdigit() and int(key) < len(target):
            target = target[int(key)]
        elif isinstance(target, dict):
            target = target.get(key, {})
        else:
            return {}
    return target if isinstance(target, dict) else {}
