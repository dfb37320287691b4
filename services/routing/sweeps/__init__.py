"""Takes work back: from invitations that have ended and from agents who are away."""
