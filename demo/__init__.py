"""The main job shown end to end: both simulators, the function app, and a check of the result.

It uses the program as its users do, over HTTP and the command line, and imports nothing of it.
"""
