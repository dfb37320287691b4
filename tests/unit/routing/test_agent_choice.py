"""Which agents are looked for, and in which order."""

from datetime import timedelta

from services.routing.offers.agent_choice import (
    OUT_OF_REACH,
    excluded_agents,
    search_in,
    searches_for,
)
from shared.contracts.contact_center import Queue
from shared.domain.interaction import Exclusion
from shared.domain.routing.agent_search import AgentSearch
from tests.unit.domain.examples import NOW, inbound

QUEUE = Queue(name="support", requires={"german": 3})


def excluded(agent_id: str, *, seconds: int) -> Exclusion:
    return Exclusion(agent_id, NOW + timedelta(seconds=seconds))


def test_a_plain_mail_goes_to_any_agent_of_its_queue() -> None:
    searches = searches_for(inbound(), QUEUE, NOW)

    assert searches == (AgentSearch(NOW - OUT_OF_REACH, "support", {"german": 3}),)


def test_a_preferred_agent_is_looked_for_before_all_others() -> None:
    searches = searches_for(inbound(preferred_id="anna"), QUEUE, NOW)

    assert [one.only for one in searches] == ["anna", None]


def test_a_preferred_agent_needs_the_skills_of_the_queue() -> None:
    first, _ = searches_for(inbound(preferred_id="anna"), QUEUE, NOW)

    assert (first.queue, first.skills) == ("support", {"german": 3})


def test_a_transfer_to_a_skill_goes_to_agents_of_any_queue() -> None:
    (search,) = searches_for(inbound(skill="french"), QUEUE, NOW)

    assert (search.queue, search.skills) == (None, {"french": 1})


def test_an_agent_who_rejected_a_mail_is_excluded() -> None:
    mail = inbound(excluded=(excluded("anna", seconds=1),), preferred_id="anna")

    searches = searches_for(mail, QUEUE, NOW)

    assert [one.excluded for one in searches] == [("anna",), ("anna",)]


def test_an_exclusion_that_has_ended_excludes_nobody() -> None:
    mail = inbound(excluded=(excluded("anna", seconds=0), excluded("ben", seconds=1)))

    assert excluded_agents(mail, NOW) == ("ben",)


def test_a_queue_without_requirements_needs_no_skill() -> None:
    assert search_in(Queue(name="support"), NOW).skills == {}
