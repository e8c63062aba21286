"""Third-party SCIM servers that the tests provision into."""
