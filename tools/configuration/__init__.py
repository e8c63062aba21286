"""``python -m tools.configuration``: writes the tables of settings into ``docs/configuration.md``.

Names, defaults and meanings are what the code says, the values what its parsers take; only the
details are written here. The rest of the page stays as it is.
"""
