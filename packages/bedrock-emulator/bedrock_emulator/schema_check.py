"""JSON Schema checks. jsonschema is imported at first use: it would slow every start by some 100 ms."""

import json
from functools import lru_cache
from typing import Any

from bedrock_emulator.documents import Document


def schema_fault(schema: Document) -> str | None:
    """Why a tool's input schema is not a JSON schema, or None when it is one."""
    return _fault_of_text(json.dumps(schema, sort_keys=True))


@lru_cache(maxsize=256)
def _fault_of_text(schema: str) -> str | None:
    """The same few schemas come with every call, and checking one takes milliseconds."""
    from jsonschema import Draft202012Validator, SchemaError  # type: ignore[import-untyped]

    try:
        Draft202012Validator.check_schema(json.loads(schema))
    except SchemaError as exc:
        return f"{exc.json_path}: {exc.message}"
    return None


def fits(value: Any, schema: Any, root: Any = None) -> bool:
    """Whether a value is valid against a schema, formats included.

    `root` is the document that the schema's references point into, when the schema is a part of one.
    """
    from jsonschema import Draft202012Validator
    from referencing.exceptions import Unresolvable

    whole = schema if root is None else root
    validator = Draft202012Validator(whole, format_checker=Draft202012Validator.FORMAT_CHECKER)
    try:
        return bool(validator.evolve(schema=schema).is_valid(value))
    except Unresolvable:  # a $ref to nowhere, or to another document: nothing fits it
        return False
