"""The kinds of log."""
