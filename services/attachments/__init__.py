"""Attachments: stores the documents of interactions, links uploads to drafts."""
