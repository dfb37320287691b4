"""Finds screening rules whose mail nobody would be offered, because no agent has the skills."""

from collections.abc import Iterator, Mapping

from shared.contracts.contact_center import Agent, ContactCenter
from shared.domain.queue_rank import highest_levels


def unmet_needs(center: ContactCenter) -> Iterator[str]:
    """Yield what to see to, for each rule whose `needs` no enabled agent of a queue meets.

    The queue is the rule's, else any that a mailbox with the rule has.
    """
    for rule in center.screening:
        if not rule.then.needs:
            continue
        queues = {
            rule.then.queue or mailbox.queue
            for mailbox in center.mailboxes
            if rule in center.screening_of(mailbox)
        }
        for name in sorted(queues):
            queue = center.queue(name)
            needed = highest_levels(queue.requires if queue else {}, rule.then.needs)
            if not any(_meets(agent, name, needed) for agent in center.agents):
                words = " and ".join(f"{skill} >= {level}" for skill, level in needed.items())
                yield (
                    f"screening rule {rule.name}: no agent of queue {name} has {words}: its mail "
                    "waits there until one has"
                )


def _meets(agent: Agent, queue: str, needed: Mapping[str, int]) -> bool:
    return (
        agent.enabled
        and queue in agent.queues
        and all(agent.skills.get(skill, 0) >= level for skill, level in needed.items())
    )
