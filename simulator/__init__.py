"""An Entra tenant (Graph) and a ZSCloud tenant (SCIM) over real HTTP, with limits and faults.

Imports nothing from ``provisioning``: a misreading of a protocol must not be shared by both sides.
"""
