"""Mutation testing of the pure modules: whether a test would notice if a line were wrong.

``python -m tests.mutation`` changes the program in one small place at a time (a *mutant*), and
runs the fast tests that pass through that place. A mutant that no test notices *survives*: a test
is missing, or the line does nothing. Equivalent mutants, which nobody could notice, are listed
with the reason in ``explained.toml`` and counted apart.

The tests are collected and run once, under coverage. Then each mutant is one forked child, in
which the code of the changed function is replaced in place, so that a mutant costs milliseconds;
what runs at import (tables, defaults, fields) is imported again in the child. mutmut 3 starts
pytest anew for each mutant and leaves out what stands outside of functions: it tried 1.6 mutants
a second where this tries some thirty.

Sentences for people are not mutated, but for the settings that they name.
"""
