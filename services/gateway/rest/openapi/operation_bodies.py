"""The schemas of request bodies, which follow from the definitions of operations."""

from typing import Any, Final

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from services.gateway.operations.definition import OperationDescription
from services.gateway.operations.parameters.addresses import ADDRESSES_SCHEMA
from services.gateway.operations.parameters.email_object_keys import TO_KEYS
from services.gateway.operations.parameters.model import Parameters
from services.gateway.operations.parameters.workbin_lookup import WorkbinParameters
from services.gateway.rest.openapi.schema_builders import TEXT, Schema, object_of, optional, ref

_ADDRESS_KEYS: Final = (
    *TO_KEYS,
    *("ccAddress", "CCAddresses", "ccAddresses", "cc"),
    *("bccAddress", "BCCAddresses", "bccAddresses", "bcc"),
    *("fromAddress", "FromAddress", "from"),
)
_TEXT_KEYS: Final = (
    *("subject", "Subject"),
    *("text", "Text", "bodyAsPlainText"),
    *("structuredText", "StructuredText"),
    *("body", "mime", "MimeType", "mimeType"),
)
_READ_ONLY_KEYS: Final = (
    *("attachments", "capabilities", "ContactID", "contactId", "emailType", "id", "interactionId"),
    *("receivedDate", "state", "StructuredTextMimeType", "TheComment", "truncated", "uri"),
    *("userData", "Warnings", "Sections", "Authenticated", "AuthenticatedBecause"),
)
MAIL: Final = object_of(
    dict.fromkeys(_ADDRESS_KEYS, optional(ADDRESSES_SCHEMA))
    | dict.fromkeys(_TEXT_KEYS, optional(TEXT))
    | {name: {"description": "Part of messages; not read here."} for name in _READ_ONLY_KEYS},
    (),
    description=(
        "The fields of a mail; those that are left out stay as drafted. Names of keys are read in"
        " any case. Where several keys spell the same field, the one that differs from the draft"
        " counts; contradicting changes are refused (10). A `body` is HTML unless `mime` says"
        " otherwise. Unknown keys are refused. Keys that only messages use are not read; if they"
        " were changed, `ignoredKeys` in the answer names them."
    ),
    additionalProperties=False,
)
_NULL: Final[Schema] = {"type": "null"}
_KEYS_OF_PYDANTIC: Final = frozenset({"title", "default", "maxLength", "description"})
"""Keys of pydantic's schemas that are left out: ours says the limits in its `description`."""


class _Unsorted(GenerateJsonSchema):
    """Leaves the keys of a schema in the order in which people read them."""

    def sort(self, value: JsonSchemaValue, parent_key: str | None = None) -> JsonSchemaValue:  # noqa: ARG002 - pydantic passes it
        return value


def operation_body(operation: OperationDescription) -> Schema:
    """Return the schema of the request that asks for an operation by any of its names."""
    parameters = operation.parameters
    fields = [(_names(name, one), one) for name, one in parameters.model_fields.items()]
    needed = [names for names, one in fields if one.is_required()]
    # Any one name of a parameter is enough, so none of them is required by itself.
    one_of = [name for names in needed if names[1:] for name in names]
    return object_of(
        {"operationName": {"enum": list(operation.names)}, **parameter_schemas(parameters)},
        ("operationName", *(names[0] for names in needed if len(names) == 1)),
        description=operation.summary,
        example={"operationName": operation.name, **operation.example},
        **({"anyOf": [{"required": [name]} for name in one_of]} if one_of else {}),
    )


def parameter_schemas(parameters: type[Parameters]) -> dict[str, Schema]:
    """Return the schema of each parameter by each of its names; a model's own come first."""
    schemas = parameters.model_json_schema(by_alias=False, schema_generator=_Unsorted)["properties"]
    inherited = [
        name
        for base in parameters.__bases__
        if issubclass(base, Parameters)
        for name in base.model_fields
    ]
    found = {name: optional(schema) for name, schema in parameters.also_read.items()}
    for field in sorted(parameters.model_fields, key=lambda name: name in inherited):
        info = parameters.model_fields[field]
        names = _names(field, info)
        schema = _plain(schemas[field])
        if not info.is_required() or names[1:]:
            schema = optional(schema)
        described = {"description": info.description} if info.description else {}
        found |= dict.fromkeys(names, described | schema)
    return found


def _names(field: str, info: FieldInfo) -> list[str]:
    """Return the names that a parameter may have in a body."""
    if isinstance(info.validation_alias, AliasChoices):
        return [str(one) for one in info.validation_alias.choices]
    return [info.alias or field]


def _plain(schema: Schema) -> Schema:
    """Return a schema of pydantic's without what is left out, and without null."""
    plain = {name: one for name, one in schema.items() if name not in _KEYS_OF_PYDANTIC}
    variants: list[Any] = [_plain(one) for one in plain.pop("anyOf", ()) if one != _NULL]
    match plain, variants:
        case {"x-shape": str() as name}, _:
            return ref(name)
        case _, [dict() as one]:
            return {**plain, **one}
        case _, []:
            return plain
        case _:
            return plain | {"oneOf": variants}


WORKBIN: Final[Schema] = parameter_schemas(WorkbinParameters)["workbin"]
"""The schema of a parameter `workbin`."""
