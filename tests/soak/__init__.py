"""Weeks of tenant life on simulated time, from a seed: random changes, faults, kills, operators.

``python -m tests.soak`` runs them; ``script`` says what can happen, ``laws`` and ``oracle`` what
must hold.
"""
