"""The parts of every service process: settings, resources, signals, a graceful end."""
