"""Many writes in one request, as far as the server was shown to do what it says."""
