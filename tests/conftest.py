"""What every test may ask for by name."""

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
    "broker",
    "database",
    "database_url",
    "mongodb_url",
    "private_mongodb",
    "private_rabbitmq",
    "rabbitmq_url",
    "vhost_url",
]
