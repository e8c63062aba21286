"""The function app on this machine, without the Core Tools. Never deployed.

``worker`` runs the app in the Python worker library that Azure itself runs it in. What the
Functions host does around it (routing, the data of each trigger, output bindings) is done here.
"""
