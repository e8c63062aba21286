"""The function app in the real Python worker."""
