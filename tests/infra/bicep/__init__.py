"""A checker of Bicep files over their syntax tree.

There is no compiler in a package registry. What it would find and what matters here is found by
the modules of this package: names, modules, the way of secrets, app settings, resources. Types of
resource properties are not known to it.
"""
