"""Telling people: lines in the log, and alarms by mail and webhook."""
