"""What each agent was last told, so that after a gap only the changes are told."""

from collections.abc import Mapping


class Seen:
    """For each agent the interactions on the desk, and the version last told."""

    def __init__(self) -> None:
        self._versions: dict[str, dict[str, int]] = {}

    def note(self, agent_id: str, interaction_id: str, version: int) -> None:
        """Note what is on the desk."""
        self._versions.setdefault(agent_id, {})[interaction_id] = version

    def message(self, agent_id: str, fields: Mapping[str, object]) -> None:
        """Note what a message says: an interaction without capabilities has left the desk."""
        interaction_id, version = fields.get("id"), fields.get("sequence")
        if not isinstance(interaction_id, str) or not isinstance(version, int):
            return
        if fields["capabilities"]:
            self.note(agent_id, interaction_id, version)
        else:
            self._versions.get(agent_id, {}).pop(interaction_id, None)

    def is_news(self, agent_id: str, interaction_id: str, version: int) -> bool:
        """Say whether the agent was told of an older version, or of none."""
        return self._versions.get(agent_id, {}).get(interaction_id, 0) < version

    def known(self, agent_id: str) -> set[str]:
        """Return what is on the desk as far as the agent knows."""
        return set(self._versions.get(agent_id, {}))

    def forget(self, agent_id: str) -> None:
        """Forget an agent whom nobody watches any more."""
        self._versions.pop(agent_id, None)
