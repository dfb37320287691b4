"""What services say to each other: commands for one owner, events for whoever listens."""
