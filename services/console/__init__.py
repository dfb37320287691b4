"""The operator's command line: describes the contact center, and says how the system is."""
