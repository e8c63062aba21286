"""One function for each operator action. Each returns the document that callers see."""
