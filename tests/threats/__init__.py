"""Attacks that no other test makes. ``docs/threat-model.md`` names the test of each threat."""
