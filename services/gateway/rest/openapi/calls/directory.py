"""The calls that read the directory: agents, queues, skills."""

from typing import Final

from services.gateway.rest.openapi.answer_schemas import listing
from services.gateway.rest.openapi.calls.bodies import LIST_QUERY
from services.gateway.rest.openapi.calls.call import Call
from services.gateway.rest.openapi.schema_builders import ref, success

DIRECTORY_CALLS: Final[tuple[Call, ...]] = (
    Call("get", "/users", "Directory", "Agents.", listing("users", "User"), query=LIST_QUERY),
    Call("get", "/users/{id}", "Directory", "One agent.", success(user=ref("User"))),
    Call("get", "/queues", "Directory", "Queues.", listing("queues", "Queue"), query=LIST_QUERY),
    Call("get", "/queues/{id}", "Directory", "One queue.", success(queue=ref("Queue"))),
    Call("get", "/skills", "Directory", "Skills.", listing("skills", "Skill"), query=LIST_QUERY),
    Call("get", "/skills/{id}", "Directory", "One skill.", success(skill=ref("Skill"))),
    Call(
        "get",
        "/contacts",
        "Directory",
        "Agents and queues to transfer to.",
        listing("contacts", "Contact"),
        query=LIST_QUERY,
    ),
)
