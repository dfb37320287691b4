"""A labelled list of mails, and how well their sections are told apart."""
