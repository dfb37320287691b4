"""The database: one client, one document a snapshot, one update a change."""
