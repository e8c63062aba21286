"""Queues of wake-up messages, behind ``ports.Queue``: Azure's, or one file of this machine."""
