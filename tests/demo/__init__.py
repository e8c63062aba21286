"""What the demo relies on: the simulators as a program, and a check that can fail."""
