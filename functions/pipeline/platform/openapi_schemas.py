"""Schemas of models for an OpenAPI description, in the form that code generators read well.

Generators name a type by its title, take a property with a default for one that is always there, and a query parameter
that may be null for one that can be sent as null. So there are no titles but those of the components, defaults of
requests are words, and query parameters are optional instead of null.
"""

import json
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from pipeline.platform.openapi import REF, Json


class _WithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def response_schemas(models: Sequence[type[BaseModel]], name: str = "") -> Json:
    """The schemas of response bodies, by name.

    With ``name``, the only model has that name and those that it contains begin with it: models of two analyses may
    have the same name.
    """
    reference = REF.format(model=f"{name}{{model}}")
    modes = [(model, "serialization") for model in models]
    _, found = models_json_schema(modes, ref_template=reference, schema_generator=_WithoutTitles)  # type: ignore[arg-type]
    return _named(found["$defs"], models, name)


def request_schemas(models: Sequence[type[BaseModel]], name: str = "") -> Json:
    """The schemas of request bodies, by name: see ``response_schemas``."""
    reference = REF.format(model=f"{name}{{model}}")
    modes = [(model, "validation") for model in models]
    _, found = models_json_schema(modes, ref_template=reference, schema_generator=_WithoutTitles)  # type: ignore[arg-type]
    for schema in found["$defs"].values():
        for each in schema.get("properties", {}).values():
            _describe_default(each)
    return _named(found["$defs"], models, name)


def query_parameters(model: type[BaseModel]) -> list[Json]:
    """The parameters that the fields of the model are."""
    schema = model.model_json_schema(ref_template=REF, schema_generator=_WithoutTitles)
    return [_parameter(name, field) for name, field in schema["properties"].items()]


def _named(schemas: Json, models: Sequence[type[BaseModel]], name: str) -> Json:
    if not name:
        return schemas
    [model] = models
    top = schemas.pop(model.__name__)
    return {name: top, **{f"{name}{each}": schema for each, schema in schemas.items()}}


def _describe_default(schema: Json) -> None:
    default = schema.pop("default", None)
    if default is not None and not isinstance(default, dict):
        described = schema.get("description", "")
        schema["description"] = f"{described} Default: {json.dumps(default)}.".lstrip()


def _parameter(name: str, field: Json) -> Json:
    description = field.pop("description")
    [schema] = [each for each in field.get("anyOf", [field]) if each != {"type": "null"}]
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
