"""Says whether the sender of a mail is proven: verdicts of trusted servers, and look-alikes."""
