"""What every service process uses: settings, resources, signals, a graceful end."""
