"""What a SCIM server does, found out by asking it.

Each observation answers one entry of a profile, under the entry's name: it takes a plain client
of an empty server and returns the value that is true of that server.
"""

from tests.servers.observations import groups, lists, members, protocol, users
from tests.servers.observations.observation import OBSERVATIONS, Observation

__all__ = ["OBSERVATIONS", "Observation", "groups", "lists", "members", "protocol", "users"]
