"""The queries that may examine more than twice what they return plus ten, how much, and why."""

from dataclasses import dataclass
from typing import Final

from tests.connected.queries.large import AGENTS, FREE, HELD_BY_ONE, WAITING
from tests.connected.queries.recording import AnsweredQuery
from tests.connected.queries.sites import sites


@dataclass(frozen=True, slots=True)
class Allowance:
    """The most documents that a query may examine; `scans` where it needs no index."""

    path: str
    function: str
    most: int
    reason: str
    scans: bool = False


_AGENTS: Final = "shared/storage/agents/agent_store.py"

EXCEPTIONS: Final = (
    Allowance(
        _AGENTS,
        "AgentStore.skill_names",
        AGENTS,
        "skills are keys, which no index lists: GET /skills has the database read all agents",
        scans=True,
    ),
    Allowance(
        _AGENTS,
        "AgentStore.page",
        AGENTS,
        "GET /users by a first name, a last name or a role goes through all agents by user name",
    ),
    Allowance(
        _AGENTS,
        "AgentStore.count",
        AGENTS,
        "as for a page",
        scans=True,
    ),
    Allowance(
        "services/console/agent_directory.py",
        "AgentDirectory.move_logins",
        2 * AGENTS,
        "`mailroom apply` looks at all agents, and whether each has a login",
        scans=True,
    ),
    Allowance(
        _AGENTS,
        "AgentStore.reserve",
        FREE,
        "free agents whom no gateway sees are passed over; they are Ready for a minute at most",
    ),
    Allowance(_AGENTS, "AgentStore.is_anybody_free", FREE, "as for a reservation"),
    Allowance(
        _AGENTS,
        "AgentStore.skills_of_free",
        FREE,
        "a pass that found nobody for a mail reads the skills of all free agents of the queue",
    ),
    Allowance(
        "services/routing/store.py",
        "WaitingStore._each",
        WAITING,
        "with more than 190 sets of needs the database passes over the mails of unmet ones",
    ),
    Allowance(
        "shared/storage/agents/presence_store.py",
        "PresenceStore.excused",
        100,
        "looks at the agents that it is asked about: whose offers ran out in this second",
    ),
    Allowance(
        "shared/storage/agents/presence_store.py",
        "PresenceStore.logged_out",
        100,
        "looks at the agents that it is asked about: who works on something",
    ),
    Allowance(
        "services/gateway/interaction_queries.py",
        "InteractionQueries.possibly_related",
        HELD_BY_ONE,
        "looks through what one agent holds",
    ),
    Allowance(
        "services/console/earlier_mails.py",
        "_incomplete",
        WAITING + 1_000,
        "`mailroom apply` looks at all unfinished mails of a state for those of an earlier release",
    ),
    Allowance(
        "services/console/health/flow.py",
        "long_waits",
        WAITING + 10,
        "`mailroom doctor` counts the mails that wait too long in a queue, and finds the oldest",
    ),
)


def exception_for(answer: AnsweredQuery) -> Allowance | None:
    """Return the exception that a query falls under, if there is one."""
    functions = {
        (site.path, site.function)
        for site in sites()
        if any(site.covers(*place) for place in answer.through)
    }
    return next((one for one in EXCEPTIONS if (one.path, one.function) in functions), None)
