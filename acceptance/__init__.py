"""Stories on the real clock, with real processes: what a test suite is too short for.

``python -m acceptance`` tells them scaled down, ``FULL=1`` at full size. Each names what it checks
and prints what it measured; the exit status is 1 when anything is wrong.
"""
