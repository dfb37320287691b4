"""The database client, and the building blocks of the stores."""
