"""Reads and checks `contact-center.yaml`, and compares it with the description in force."""
