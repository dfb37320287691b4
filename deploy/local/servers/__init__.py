"""Private RabbitMQ and MongoDB servers, and the users that they know."""
