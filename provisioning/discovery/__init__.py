"""Finding keys: what Graph shows goes into the mirror, what differs goes into the lanes."""
