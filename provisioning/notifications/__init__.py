"""From what Graph tells to hints on a queue: checked, reduced to keys, strangers let go."""
