"""What every service process has: settings, resources, signals, a graceful end."""
