"""Bodies of InvokeModel: JSON that a vendor's model of its request accepts, and errors in the vendor's words."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from bedrock_emulator.errors import invalid
from bedrock_emulator.request_parsing import strict_json


class Body(BaseModel):
    """Neither unknown members nor values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def read_body[B: Body](kind: type[B], body: bytes, words: Callable[[list[Any]], str]) -> B:
    """Raises ServiceError (ValidationException) for a body that the model refuses."""
    try:
        strict_json(body)
        return kind.model_validate_json(body)
    except ValidationError as exc:
        raise invalid(words(list(exc.errors(include_url=False, include_input=False)))) from exc
    except (ValueError, RecursionError) as exc:
        raise invalid("Malformed input request, please reformat your input and try again.") from exc


def anthropic_words(errors: list[Any]) -> str:
    """The first error as Anthropic's API reports it: its own models are of pydantic too."""
    return f"{_path(errors[0]['loc'], '.')}: {errors[0]['msg']}"


def schema_words(errors: list[Any]) -> str:
    """All errors as Bedrock's check against a model's JSON schema reports them."""
    return f"Malformed input request: {''.join(map(_schema_error, errors))}, please reformat your input and try again."


def _schema_error(error: Any) -> str:
    *outer, last = error["loc"] or ("",)
    context = error.get("ctx", {})
    place = "#" + "".join(f"/{part}" for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"#{''.join(f'/{part}' for part in outer)}: required key [{last}] not found"
        case "extra_forbidden":
            return f"#{''.join(f'/{part}' for part in outer)}: extraneous key [{last}] is not permitted"
        case "too_long":
            return f"{place}: expected maximum item count: {context['max_length']}, found: {context['actual_length']}"
        case "string_too_long":
            return f"{place}: expected maxLength: {context['max_length']}"
        case "literal_error":
            return f"{place}: the value is not a valid enum value"
        case _:
            return f"{place}: {error['msg']}"


def _path(location: tuple[int | str, ...], separator: str) -> str:
    return separator.join(map(str, location)) or "body"
