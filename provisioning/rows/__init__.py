"""What the core builds over the port of the store: typed tables, large sets, waiting writes."""
