"""The processes of Mailroom, each started as `python -m services.NAME`."""
