"""What maintains the project; nothing of it is deployed."""
