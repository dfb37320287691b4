"""Functions that build JSON Schemas for the OpenAPI document (OpenAPI 3.1 section 4.8.24)."""

from typing import Any, Final, TypeAlias

from services.gateway.wire.fields import Fields

Schema: TypeAlias = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
ANYTHING: Final[Schema] = {"type": "object", "additionalProperties": True}


def ref(name: str) -> Schema:
    """Return a reference to a schema of the document by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array_of(items: Schema) -> Schema:
    """Return the schema of a list."""
    return {"type": "array", "items": items}


def object_of(
    properties: Schema, required: tuple[str, ...] | None = None, **more: object
) -> Schema:
    """Return the schema of an object; every property is required where none is named."""
    names = list(properties) if required is None else list(required)
    return {"type": "object", "properties": properties, "required": names, **more}


def optional(schema: Schema) -> Schema:
    """Return the schema of a value that may be left out; null means the same."""
    return {"oneOf": [schema, {"type": "null"}]}


def constant(fields: Fields) -> Schema:
    """Return the schema of an answer that is always the same."""
    return object_of({name: {"const": value} for name, value in fields.items()}, example=fields)


def success(**fields: Schema) -> Schema:
    """Return the schema of a successful answer with these fields."""
    return object_of({"statusCode": {"const": 0}, **fields})
