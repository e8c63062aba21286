"""The state of one job as a document: JSON Lines that any store can give and take."""
