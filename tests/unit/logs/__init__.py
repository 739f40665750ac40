"""The kinds of log, on fakes."""
