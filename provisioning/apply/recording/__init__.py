"""Recording what became of work: link, log entry, escrow, and the item last."""
