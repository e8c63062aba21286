"""Microsoft Graph: the source of users, groups and assignments.

Importing this costs nothing: the SDK is loaded with the first request.
"""

from __future__ import annotations

from provisioning.graph.channel import RetryPolicy
from provisioning.graph.client import GraphSource
from provisioning.graph.endpoint import Handshake
from provisioning.graph.subscriptions import GraphSubscriptions

__all__ = ["GraphSource", "GraphSubscriptions", "Handshake", "RetryPolicy"]
