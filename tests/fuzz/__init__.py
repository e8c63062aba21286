"""Fuzzing of everything that reads what others send.

``registry`` lists the parsers, ``judge`` says what every one of them owes, ``mutations`` makes what
they are given. ``python -m tests.fuzz --minutes N --seed S`` runs on and on.
"""
