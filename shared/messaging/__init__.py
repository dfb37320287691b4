"""The broker: topology as data, confirmed publishing, consuming with delayed retries."""
