"""SMTP connections to the next server, and the meaning of its replies."""
