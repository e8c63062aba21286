"""Subscriptions to change notifications: made, adopted, renewed, made anew, deleted."""
