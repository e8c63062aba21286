"""Named stories, end to end over both simulators."""
