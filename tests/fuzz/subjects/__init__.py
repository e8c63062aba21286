"""The parsers of the program by subject, each with the documents that its inputs grow from."""
