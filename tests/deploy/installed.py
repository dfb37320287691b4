"""The services as they are in the checkout: their names and what they read when they start."""

from collections.abc import Callable, Mapping
from importlib import import_module
from inspect import getmembers, isclass

from pydantic_settings import BaseSettings

from shared.runtime.settings import ServiceSettings
from tests.deploy.manifests import CHECKOUT

CONSOLE = "console"

Start = Callable[[str, Mapping[str, str]], ServiceSettings]
"""Reads the settings of a service in an environment of exactly some variables."""


def services() -> set[str]:
    """Return everything that runs for as long as the system does."""
    return {one.parent.name for one in CHECKOUT.glob("services/*/__main__.py")} - {CONSOLE}


def settings_of(program: str) -> type[BaseSettings]:
    """Return the settings class of a service or of the console."""
    module = import_module(f"services.{program}.settings")
    (found,) = (
        one
        for _, one in getmembers(module, isclass)
        if issubclass(one, BaseSettings) and one.__module__ == module.__name__
    )
    return found


def service_settings(service: str) -> ServiceSettings:
    """Return a service's settings, read from the environment of this moment."""
    settings = settings_of(service)()
    assert isinstance(settings, ServiceSettings)
    return settings


def variables_of(program: str) -> set[str]:
    """Return the names of the environment variables that a program reads."""
    settings = settings_of(program)
    prefix = settings.model_config.get("env_prefix", "")
    return {
        str(field.validation_alias or f"{prefix}{name}").upper()
        for name, field in settings.model_fields.items()
    }
