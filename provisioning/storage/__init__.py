"""The storage account: its address, the identity shown to it, and the one way to ask it."""
