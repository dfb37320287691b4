"""Extensions of Bayeux: replay and timesync."""
