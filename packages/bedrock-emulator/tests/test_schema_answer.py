"""Answers are valid against any schema, stable, and drawn from the input."""

import json
import time
from typing import Any

import pytest
from bedrock_emulator.errors import ServiceError
from bedrock_emulator.material import read_source
from bedrock_emulator.schema_answer import answer_for
from bedrock_emulator.schema_check import fits

PRODUCTS = [
    "Checking or savings account",
    "Credit card or prepaid card",
    "Credit reporting, credit repair services, or other personal consumer reports",
    "Debt collection",
    "Money transfer, virtual currency, or money service",
    "Mortgage",
    "Payday loan, title loan, or personal loan",
    "Student loan",
    "Vehicle loan or lease",
]
TRIAGE = {
    "type": "object",
    "properties": {
        "product": {"type": "string", "enum": PRODUCTS},
        "urgency": {"enum": ["low", "medium", "high", "critical"]},
        "summary": {"type": "string", "minLength": 1, "maxLength": 300, "pattern": r"\S"},
        "customer_wants": {"type": "string", "maxLength": 120, "description": "What the customer asks for."},
    },
    "required": ["product", "urgency", "summary", "customer_wants"],
    "additionalProperties": False,
}
TEXT = (
    "My order A-1042 of 12 March arrived broken. I paid $1,249.50 on 2026-03-12 and wrote to help@shop.example twice. "
    "The shop did not answer for 14 days. I would like a full refund of the purchase. See https://shop.example/orders/A-1042."
)
PATTERNS = [
    "^[A-Z]{2}-[0-9]{4}$",
    "^(low|high)$",
    "^[a-z0-9_]{3,8}$",
    r"^\d{3}-\d{2}-\d{4}$",
    r"^\S+$",
    "^[^,;]{5}$",
    r"^v\d+(\.\d+){2}$",
    r"[\w.]+@[\w.]+",
    "^(?:[A-F0-9]{2}:){5}[A-F0-9]{2}$",
    r"^\+?[1-9]\d{6,14}$",
    "^.{20,30}$",
    r"^(?!0)\d{4}$",
    r"^(?=.*\d)(?=.*[a-z]).{8,}$",
]


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), **more}


SCHEMAS: dict[str, dict[str, Any]] = {
    "empty": {"type": "object"},
    "const": of({"version": {"const": 3}, "kind": {"const": "order"}}),
    "mixed enum": of({"choice": {"enum": [1, None, "refund", "repair"]}, "number": {"enum": [3, 5]}}),
    "type lists": of({"a": {"type": ["string", "null"]}, "b": {"type": ["null", "integer"]}, "c": {"type": ["null"]}}),
    "anyOf null": of({"phone": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}}),
    "oneOf objects": of(
        {
            "event": {
                "oneOf": [
                    of({"kind": {"const": "refund"}, "amount": {"type": "number", "exclusiveMinimum": 0}}),
                    of({"kind": {"const": "praise"}, "stars": {"type": "integer", "minimum": 1, "maximum": 5}}),
                ]
            }
        }
    ),
    "allOf": {
        "allOf": [of({"a": {"type": "string", "maxLength": 9}}), of({"b": {"type": "integer"}})],
        "type": "object",
        "unevaluatedProperties": False,
    },
    "references": {
        "$defs": {
            "Part": of({"name": {"type": "string"}, "next": {"anyOf": [{"$ref": "#/$defs/Part"}, {"type": "null"}]}})
        },
        **of({"part": {"$ref": "#/$defs/Part"}}),
    },
    "recursive list": {
        "$defs": {
            "Node": of({"title": {"type": "string"}, "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}})
        },
        **of({"tree": {"$ref": "#/$defs/Node"}}),
    },
    "root reference": of({"self": {"anyOf": [{"$ref": "#"}, {"type": "null"}]}}),
    "lengths": of({"long": {"type": "string", "minLength": 500}, "short": {"type": "string", "maxLength": 3}}),
    "exact length": of({"code": {"type": "string", "minLength": 7, "maxLength": 7}}),
    "formats": of(
        {
            name: {"type": "string", "format": name}
            for name in ("date", "date-time", "time", "uuid", "email", "uri", "ipv4", "ipv6", "hostname")
        }
    ),
    "numbers": of(
        {
            "a": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
            "b": {"type": "integer", "minimum": -7, "maximum": -3},
            "c": {"type": "integer", "multipleOf": 7, "minimum": 1},
            "d": {"type": "number", "multipleOf": 0.25, "minimum": 10.1, "maximum": 10.6},
            "e": {"type": "integer", "exclusiveMinimum": 5, "exclusiveMaximum": 7},
            "f": {"type": "number"},
        }
    ),
    "arrays": of(
        {
            "two": {"type": "array", "items": {"type": "string"}, "minItems": 2, "maxItems": 2},
            "seven different": {"type": "array", "items": {"type": "string"}, "minItems": 7, "uniqueItems": True},
            "numbers": {
                "type": "array",
                "items": {"type": "integer", "minimum": 0},
                "minItems": 4,
                "uniqueItems": True,
            },
            "none": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
            "pair": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "items": False},
            "labels": {
                "type": "array",
                "items": {"enum": ["refund", "delay", "praise"]},
                "minItems": 3,
                "uniqueItems": True,
            },
            "anything": {"type": "array"},
            "flags": {"type": "array", "items": {"type": "boolean"}, "minItems": 1},
        }
    ),
    "objects in arrays": of({"steps": {"type": "array", "minItems": 4, "items": of({"step": {"type": "string"}})}}),
    "free keys": of({"counts": {"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}}),
    "named keys": {
        "type": "object",
        "minProperties": 1,
        "patternProperties": {"^x-[a-z]+$": {"type": "string"}},
        "additionalProperties": False,
    },
    "contains": of({"numbers": {"type": "array", "contains": {"const": 5}}}),
    "undeclared required": {"type": "object", "required": ["title", "note"]},
    "nullable": of({"note": {"type": "string", "nullable": True}}),
    "no types": of({"a": {}, "b": True, "c": {"minimum": 2}, "d": {"properties": {"e": {"type": "string"}}}}),
    "untyped enum of objects": of({"a": {"enum": [{"x": 1}, [2]]}}),
} | {f"pattern {pattern}": of({"value": {"type": "string", "pattern": pattern}}) for pattern in PATTERNS}


@pytest.mark.parametrize(
    "text", [TEXT, "", "ok", "Crème brûlée — 漢字 🙂\n\n- one\n- two"], ids=["full", "empty", "short", "odd"]
)
@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
def test_an_answer_fits_its_schema_and_is_the_same_every_time(schema: dict[str, Any], text: str) -> None:
    answer = answer_for(schema, read_source(text))
    assert fits(answer, schema)
    assert answer == answer_for(schema, read_source(text))


def test_values_are_drawn_from_the_text() -> None:
    schema = of(
        {
            "order_id": {"type": "string", "pattern": "^[A-Z]-[0-9]+$"},
            "amount": {"type": "number"},
            "paid_on": {"type": "string", "format": "date"},
            "email": {"type": "string", "format": "email"},
            "link": {"type": "string", "format": "uri"},
            "days_waiting": {"type": "integer", "maximum": 30, "exclusiveMinimum": 12},
            "desired_resolution": {"type": "string"},
            "category": {"enum": ["praise", "refund", "account access"]},
            "wants_refund": {"type": "boolean"},
        }
    )
    assert answer_for(schema, read_source(TEXT)) == {
        "order_id": "A-1042",
        "amount": 12,
        "paid_on": "2026-03-12",
        "email": "help@shop.example",
        "link": "https://shop.example/orders/A-1042",
        "days_waiting": 14,
        "desired_resolution": "My order A-1042 of 12 March arrived broken.",
        "category": "praise",
        "wants_refund": False,
    }


def test_a_nullable_value_that_the_text_does_not_have_is_null() -> None:
    schema = of({"email": {"anyOf": [{"type": "string", "format": "email"}, {"type": "null"}]}})
    assert answer_for(schema, read_source("The shop does not answer the phone.")) == {"email": None}


def test_an_array_of_objects_gets_one_for_each_id_in_json_input() -> None:
    records = [{"id": f"p-{n}", "fact": f"Patient {n} is free on Monday."} for n in range(1, 6)]
    text = f"<ranking-0123456789abcdef>\n{json.dumps({'ranking': records})}\n</ranking-0123456789abcdef>\n\nExplain."
    schema = of(
        {"reasons": {"type": "array", "items": of({"patient_id": {"type": "string"}, "reason": {"type": "string"}})}}
    )
    reasons = answer_for(schema, read_source(text))["reasons"]
    assert [reason["patient_id"] for reason in reasons] == ["p-1", "p-2", "p-3", "p-4", "p-5"]
    assert reasons[3]["reason"] == "id p-4, fact Patient 4 is free on Monday."


def test_a_json_object_becomes_one_sentence() -> None:
    patient = {"patient_id": "p-1", "rank": 1, "facts": {"procedure_minutes": 45, "priority": "normal", "note": None}}
    schema = of(
        {"reasons": {"type": "array", "items": of({"patient_id": {"type": "string"}, "reason": {"type": "string"}})}}
    )
    [reason] = answer_for(schema, read_source(json.dumps({"ranking": [patient]})))["reasons"]
    assert reason == {"patient_id": "p-1", "reason": "patient id p-1, rank 1."}


def test_a_reference_to_nowhere_is_an_error_of_the_model() -> None:
    with pytest.raises(ServiceError, match="ModelErrorException"):
        answer_for(of({"a": {"$ref": "#/$defs/none"}}), read_source("text"))


def test_instructions_around_tagged_material_are_not_quoted() -> None:
    text = f"Summarize the message.\n<message>{TEXT}</message>\nAnswer with the tool."
    answer = answer_for(of({"summary": {"type": "string"}, "request": {"type": "string"}}), read_source(text))
    assert answer["summary"] == answer["request"] == "My order A-1042 of 12 March arrived broken."


@pytest.mark.parametrize("text", ["<a>" * 20_000, "[" * 5_000 + '{"a":' * 3_000, "x" * 100_000, "a, " * 30_000])
def test_pathological_texts_take_seconds_at_most(text: str) -> None:
    started = time.monotonic()
    assert fits(answer_for(TRIAGE, read_source(text)), TRIAGE)
    # Measured at 0.2 s and less; what was quadratic took five.
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("text", ["<review-2d71ab>\nFine.\n</review-2d71ab>", "<text>x</text> Summarise."])
def test_the_tags_around_a_short_document_are_not_part_of_it(text: str) -> None:
    assert "<" not in read_source(text).text
