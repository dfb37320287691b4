"""Compares and sets the broker's policies by the topology, where no definitions are loaded."""

from services.console.broker.management_api import ManagementApi
from shared.messaging import topology


async def wrong_policies(api: ManagementApi) -> dict[str, str]:
    """Return the policies that differ from the topology, each "changed" or "added".

    Raises:
        NotPossibleError: The management API refuses or does not answer.
    """
    in_force = await api.policies()
    return {
        name: "changed" if name in in_force else "added"
        for name, policy in topology.policies().items()
        if in_force.get(name) != policy
    }


async def put_policies(api: ManagementApi) -> list[str]:
    """Set every policy that differs; return one line for each.

    Raises:
        NotPossibleError: The management API refuses or does not answer.
    """
    wrong = await wrong_policies(api)
    for name in wrong:
        await api.put_policy(name, topology.policies()[name])
    return [f"policy {name}: {what}" for name, what in wrong.items()]
