"""Tells the words that a sender wrote now from quoted mail, signatures and disclaimers."""
