"""Fixtures for all tests, and the profile of Hypothesis."""

import tests.fixtures.examples  # noqa: F401 - before a test's module makes settings of its own
from tests.fixtures.driver import _driver_closes_what_it_connects
from tests.fixtures.servers import (
    broker,
    database,
    database_url,
    mongodb_url,
    private_mongodb,
    private_rabbitmq,
    rabbitmq_url,
    vhost_url,
)

__all__ = [
    "_driver_closes_what_it_connects",
    "broker",
    "database",
    "database_url",
    "mongodb_url",
    "private_mongodb",
    "private_rabbitmq",
    "rabbitmq_url",
    "vhost_url",
]
