"""The console: one page for operators, which asks the other calls for all that it shows."""
