"""Working the lanes: match, plan, wait for the slot, send, look, record."""
