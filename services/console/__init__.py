"""`mailroom`, the operator's command line: describes the contact center and checks the system."""
