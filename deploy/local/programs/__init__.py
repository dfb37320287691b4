"""Foreign programs: each found on the machine, or installed where we may."""
