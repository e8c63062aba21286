"""Builds the package that is deployed: the app and its dependencies, as Azure runs them.

``docs/package.md`` says what is in it and what it costs.
"""
