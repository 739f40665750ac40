"""The webhook function: a signed callback becomes a queue message."""
