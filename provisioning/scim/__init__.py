"""ZSCloud's SCIM server: what is said on the wire (pure) and the client that says it."""
