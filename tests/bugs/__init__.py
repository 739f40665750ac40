"""Deliberate bugs, each of which has to make a test fail."""
