"""Stores in MongoDB. Each change is one update of one document, together with its outbox."""
