"""Outbound: sends frozen mail to the next server, and records the outcome."""
