"""The broker: topology as data, publishing with confirms, consuming with a ladder of retries."""
