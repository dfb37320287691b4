"""What routing reads from its environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.routing.policy import Policy
from shared.runtime.settings import ServiceSettings


class RoutingSettings(ServiceSettings):
    """Routing's durations and rules, which `Policy` explains.

    `sweep` is how often deadlines are looked at, `audit` how often places are counted and the
    agents who are not there looked for.
    """

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True, extra="ignore")

    invitation: timedelta = timedelta(seconds=30)
    answer_grace: timedelta = timedelta(seconds=2)
    exclusion: timedelta = timedelta(seconds=60)
    misses: int = Field(default=2, ge=0)
    returns_to_sender: bool = False
    revokes_when_not_ready: bool = False
    connection_loss: timedelta = timedelta(seconds=60)
    absence: timedelta = timedelta(minutes=10)
    idle: timedelta = timedelta(minutes=180)
    sweep: timedelta = timedelta(seconds=1)
    audit: timedelta = timedelta(seconds=15)

    @property
    def policy(self) -> Policy:
        """What of this decides."""
        return Policy(
            invitation=self.invitation,
            answer_grace=self.answer_grace,
            exclusion=self.exclusion,
            misses=self.misses,
            returns_to_sender=self.returns_to_sender,
            revokes_when_not_ready=self.revokes_when_not_ready,
            connection_loss=self.connection_loss,
            absence=self.absence,
            idle=self.idle,
        )
