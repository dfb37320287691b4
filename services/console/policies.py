"""The broker's limits, from the topology: as a definitions file, or put in force directly."""

import json

from services.console.management import ManagementApi
from shared.messaging import topology


def definitions(virtual_host: str = "/") -> str:
    """Return a definitions file that RabbitMQ can import: the virtual host and its policies."""
    policies = [
        {"vhost": virtual_host, "name": name, **policy}
        for name, policy in topology.policies().items()
    ]
    return json.dumps({"vhosts": [{"name": virtual_host}], "policies": policies}, indent=2) + "\n"


async def wrong_policies(api: ManagementApi) -> dict[str, str]:
    """Return which policies are not as the topology wants them, and what is wrong with each.

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
    """Put every policy in force that is not; return one line for each.

    Raises:
        NotPossibleError: The management API refuses or does not answer.
    """
    wrong = await wrong_policies(api)
    for name in wrong:
        await api.put_policy(name, topology.policies()[name])
    return [f"policy {name}: {what}" for name, what in wrong.items()]
