"""The client of the database, and what every store is built from."""
