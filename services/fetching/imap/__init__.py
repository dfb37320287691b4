"""Sessions at IMAP servers: bounded in size and time, with errors in plain words."""
