"""The agent's desktop in a browser: the built files of services/desktop, served as they are."""
