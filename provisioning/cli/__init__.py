"""The command line: options to one operation, its document to a rendering and an exit status."""
