"""The provisioning log as it is asked for, kept and written out."""
