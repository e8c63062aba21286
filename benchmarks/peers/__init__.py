"""The program beside what else one could run: a naive synchronizer, and g2g-scim-sync."""
