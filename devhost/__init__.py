"""The function app on this machine, without the Core Tools. Never deployed.

``worker`` runs the app in the Python worker library that Azure itself runs it in. What the
Functions host does around it is done here: routes and keys (``front``), schedules (``timers``),
queues (``pump``), the data of each trigger, output bindings, time limits. ``serving`` puts it all
together.
"""
