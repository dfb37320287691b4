"""The calls about interactions: lists, single ones, operations, missed messages."""

from typing import Final

from services.gateway.operations.assignment.get_workbin_content import GET_WORKBIN_CONTENT
from services.gateway.operations.drafts.save import UPDATE
from services.gateway.operations.registry import ON_INTERACTIONS
from services.gateway.rest.openapi.answer_schemas import listing
from services.gateway.rest.openapi.calls.bodies import LIST_QUERY, OPERATION_ANSWER
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.operation_bodies import parameter_schemas
from services.gateway.rest.openapi.schema_builders import (
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    array_of,
    object_of,
    ref,
    success,
)
from services.gateway.wire.fields import INTERACTION_STATE

_DRAFT: Final = object_of(
    parameter_schemas(UPDATE.parameters), (), description=UPDATE.summary, example=UPDATE.example
)
_ONE_INTERACTION: Final = success(interaction=ref(INTERACTION_STATE))
_EVENTS: Final = object_of(
    {
        "statusCode": {"const": 0},
        "events": array_of(object_of({"channel": TEXT, "data": {}})),
        "position": NUMBER,
        "hasMore": FLAG,
    },
    ("statusCode", "events", "position"),
    additionalProperties=False,
)
_FOUND: Final = object_of(
    {
        "statusCode": {"const": 0},
        "interactions": array_of(
            {"allOf": [ref(INTERACTION_STATE), {"properties": {"workbinId": TEXT}}]}
        ),
        "hasMore": FLAG,
    },
    ("statusCode", "interactions"),
    additionalProperties=False,
)


def _operation_bodies() -> Schema:
    """Return the body of an operation on one interaction: one schema of many, by its name."""
    operations = (*ON_INTERACTIONS, GET_WORKBIN_CONTENT)
    return {
        "oneOf": [ref(f"{one.name}Operation") for one in operations],
        "discriminator": {
            "propertyName": "operationName",
            "mapping": {
                name: f"#/components/schemas/{one.name}Operation"
                for one in operations
                for name in one.names
            },
        },
    }


INTERACTION_CALLS: Final[tuple[Call, ...]] = (
    Call(
        "get",
        "/me/interactions",
        "Interactions",
        "The interactions that are offered to me or that I work on. With `fields` also the"
        " `position` to subscribe with.",
        listing("interactions", INTERACTION_STATE, position=NUMBER),
        query=LIST_QUERY,
    ),
    Call(
        "post",
        "/me/interactions",
        "Interactions",
        "Begin a mail, or have the content of a workbin sent on the topic.",
        OPERATION_ANSWER,
        {
            "oneOf": [ref("CreateOperation"), ref("GetWorkbinContentOperation")],
            "discriminator": {
                "propertyName": "operationName",
                "mapping": {
                    name: f"#/components/schemas/{name}Operation"
                    for name in ("Create", "GetWorkbinContent")
                },
            },
        },
        takes_wait=True,
    ),
    Call(
        "get",
        "/me/interactions/events",
        "Interactions",
        "The messages on my topics after a position. 410 where some of them are no longer kept:"
        " read `/me/interactions?fields=*` and continue from its `position`.",
        _EVENTS,
        query=("since", "limit"),
    ),
    Call(
        "get",
        "/me/interactions/search",
        "Interactions",
        "What I work on, and what I may take out of a workbin (`workbinId`), that has all words of"
        " `q` in its subject, its addresses or the first 300 different words of its text; the"
        " newest first, without its text. Of each workbin, and of my own work, the first 200 finds"
        " count.",
        _FOUND,
        query=("q", "limit"),
    ),
    Call(
        "get",
        "/me/interactions/{id}",
        "Interactions",
        "One interaction that is offered to me or that I work on.",
        _ONE_INTERACTION,
        takes_if_none_match=True,
    ),
    Call(
        "post",
        "/me/interactions/{id}",
        "Interactions",
        "Perform an operation on an interaction. `ok` means that the command is stored; its outcome"
        " is sent on the topic.",
        OPERATION_ANSWER,
        _operation_bodies(),
        takes_wait=True,
    ),
    *(
        Call(
            "put", path, "Interactions", "Save a draft.", OPERATION_ANSWER, _DRAFT, takes_wait=True
        )
        for path in ("/me/interactions/{id}", "/interactions/{id}")
    ),
    Call(
        "get",
        "/interactions",
        "Interactions",
        "All interactions that are not finished.",
        listing("interactions", INTERACTION_STATE),
        query=LIST_QUERY,
    ),
    Call(
        "get",
        "/interactions/{id}",
        "Interactions",
        "One interaction.",
        _ONE_INTERACTION,
        takes_if_none_match=True,
    ),
)
