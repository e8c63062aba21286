"""Keeps a ZSCloud tenant equal to the assignments of its enterprise application in Entra ID."""
