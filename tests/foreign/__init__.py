"""The stories told to third-party SCIM servers, over sockets."""
