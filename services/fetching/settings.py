"""Fetching's settings, from the environment."""

from datetime import timedelta

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from shared.intake.mail_intake import HOST_NAME, LARGEST_MAIL, MOST_HOPS, IntakeRules
from shared.runtime.settings import ServiceSettings


class FetchingSettings(ServiceSettings):
    """How many folders a pod fetches from, and how long it waits for their servers."""

    model_config = SettingsConfigDict(env_prefix="FETCHING_", frozen=True, extra="ignore")
    needs_broker = False

    mailboxes_at_once: int = Field(
        default=200,
        ge=1,
        le=2_000,
        description="Number of folders that a pod fetches from at the same time, each with a "
        "connection of its own. Folders beyond it wait for another pod.",
    )
    lease: timedelta = Field(
        default=timedelta(seconds=60),
        ge=timedelta(seconds=5),
        description="How long a folder stays with a pod that has died.",
    )
    sweep: timedelta = Field(
        default=timedelta(seconds=2),
        description="How often a pod looks for folders that nobody fetches from, and for what "
        "operators want of its own.",
    )
    answer_deadline: timedelta = Field(
        default=timedelta(seconds=60),
        description="How long a server may be silent within an answer.",
    )
    look_deadline: timedelta = Field(
        default=timedelta(minutes=5),
        description="How long connecting, logging in and finding new mail may take together.",
    )
    mail_deadline: timedelta = Field(
        default=timedelta(seconds=60),
        description="How long a server may take to give one mail, and half a second more for each "
        "megabyte.",
    )
    idle: timedelta = Field(
        default=timedelta(minutes=9),
        description="How often IDLE is begun again: routers forget connections that are silent "
        "for longer.",
    )
    largest_mail: int = Field(
        default=LARGEST_MAIL,
        ge=1_000,
        description="Size in bytes up to which a mail is taken; a larger one stays in its folder.",
    )
    octets_in_memory: int = Field(
        default=64_000_000,
        ge=1_000_000,
        description="Number of bytes of mails that a pod has in memory, over all folders. A mail "
        "of more than a megabyte comes in pieces, and counts as 2 MB.",
    )
    mails_together: int = Field(
        default=50,
        ge=1,
        le=100,
        description="Number of small mails that are fetched, stored and marked together.",
    )
    most_hops: int = Field(
        default=MOST_HOPS,
        ge=100,
        description="Number of Received lines above which a mail is left out as going in circles.",
    )
    host_name: str = Field(
        default=HOST_NAME, description="Host name in the Received line of each mail."
    )
    sealing_key: SecretStr = Field(
        default=SecretStr(""),
        validation_alias="MAILROOM_SEALING_KEY",
        description="Key under which tokens of OAuth logins are encrypted, the same as outbound's.",
    )
    login_look: timedelta = Field(
        default=timedelta(seconds=20),
        description="How often fetching checks whether a token of an OAuth login has to be "
        "renewed.",
    )

    @property
    def intake_rules(self) -> IntakeRules:
        """The rules for taking a mail in."""
        return IntakeRules(self.largest_mail, self.most_hops, self.host_name)
