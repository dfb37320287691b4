"""Outbound: hands frozen mail to the next server, and knows what became of it."""
