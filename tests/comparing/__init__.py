"""What the comparison with the built-in job decides, function by function."""
