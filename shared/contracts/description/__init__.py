"""The parts of the description of a contact center: its sections, its texts, its consistency."""
