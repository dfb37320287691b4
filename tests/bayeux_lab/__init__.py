"""The Bayeux application on its own: no broker, no database, for clients and load generators."""
