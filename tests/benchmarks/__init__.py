"""Whether the benchmarks measure what they say; no test looks at a time."""
