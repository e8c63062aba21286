"""The pure decisions by themselves: their laws, and their limits."""
