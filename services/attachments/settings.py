"""The settings of attachments, from the environment."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class AttachmentsSettings(ServiceSettings):
    """Attachments takes fewer messages than the others: each is a mail in memory."""

    model_config = SettingsConfigDict(env_prefix="ATTACHMENTS_", frozen=True, extra="ignore")

    prefetch: int = Field(
        default=4,
        ge=1,
        le=40,
        validation_alias="ATTACHMENTS_PREFETCH",
        description="Number of mails that a pod takes from its queue at the same time. All of them "
        "are in memory, 50 MB for a large one.",
    )
    sweep: timedelta = Field(
        default=timedelta(hours=1),
        gt=timedelta(0),
        description="How often abandoned uploads, and discarded mail whose time is over, are "
        "deleted.",
    )
