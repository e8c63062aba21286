"""The state store: durable rows and the lease, behind ``ports.Store`` and ``ports.LeasePort``."""
