"""One blueprint for each kind of trigger: decode the binding, one call, encode the answer.

The program itself is imported inside the functions. What the host imports to learn which
functions there are stays small, and a wrong setting takes no function away.
"""
