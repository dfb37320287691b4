"""OAuth logins at mail servers: one pod renews a token, all services use it."""
