"""What routing reads from its environment."""

from datetime import timedelta

from pydantic_settings import SettingsConfigDict

from shared.runtime.settings import ServiceSettings


class RoutingSettings(ServiceSettings):
    """Routing's durations.

    `invitation` is how long an agent may take to answer, `exclusion` how long one who did not is
    passed over, `sweep` how often deadlines are looked at, `audit` how often places are counted.
    """

    model_config = SettingsConfigDict(env_prefix="ROUTING_", frozen=True, extra="ignore")

    invitation: timedelta = timedelta(seconds=30)
    exclusion: timedelta = timedelta(seconds=60)
    sweep: timedelta = timedelta(seconds=1)
    audit: timedelta = timedelta(seconds=15)
