"""The whole system on one machine without Docker: private servers, the services, one log."""
