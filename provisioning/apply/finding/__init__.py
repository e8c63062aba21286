"""Finding the ZSCloud object of a principal that has no link."""
