"""Sending: at the pace, the most urgent first, alone or several in one request."""
