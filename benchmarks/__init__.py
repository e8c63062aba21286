"""What the program costs, each figure against a bound or a peer: ``python -m benchmarks``."""
