"""Why: everything that decides on one principal, put into words. Pure, no I/O.

``findings`` is what was read, ``explanation`` what is made of it.
"""
