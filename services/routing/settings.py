"""Routing's settings, from the environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.routing.policy import Policy
from shared.runtime.settings import ServiceSettings

_DEFAULTS = Policy()


class RoutingSettings(ServiceSettings):
    """Routing's durations and rules."""

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True, extra="ignore")

    invitation: timedelta = Field(
        default=_DEFAULTS.invitation, description="How long an offer to an agent stands."
    )
    answer_grace: timedelta = Field(
        default=_DEFAULTS.answer_grace,
        description="How much later than its end an unanswered offer is taken back: an answer that "
        "was given in time may still be on its way.",
    )
    exclusion: timedelta = Field(
        default=_DEFAULTS.exclusion,
        description="How long an agent who did not take an interaction is passed over for it.",
    )
    misses: int = Field(
        default=_DEFAULTS.misses,
        ge=0,
        description="Number of offers missed in a row after which an agent becomes NotReady; "
        "0: never.",
    )
    returns_to_sender: bool = Field(
        default=_DEFAULTS.returns_to_sender,
        description="Whether an inbound mail whose transfer is turned down goes straight back to "
        "the agent who sent it. Otherwise it returns to its old place in the queue.",
    )
    revokes_when_not_ready: bool = Field(
        default=_DEFAULTS.revokes_when_not_ready,
        description="Whether open offers are taken back from an agent who becomes NotReady.",
    )
    connection_loss: timedelta = Field(
        default=_DEFAULTS.connection_loss,
        description="How long an agent may be without CometD and still gets offers.",
    )
    absence: timedelta = Field(
        default=_DEFAULTS.absence,
        description="How long an agent may be logged out or without CometD before the agent's "
        "work is taken away.",
    )
    idle: timedelta = Field(
        default=_DEFAULTS.idle,
        description="How long an agent may do nothing about an interaction before it is taken "
        "away.",
    )
    sweep: timedelta = Field(
        default=timedelta(seconds=1),
        description="How often offers past their end are looked for.",
    )
    audit: timedelta = Field(
        default=timedelta(seconds=15),
        description="How often the places of agents are counted again, and absent agents looked "
        "for.",
    )

    @property
    def policy(self) -> Policy:
        """Return the rules among these settings."""
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
