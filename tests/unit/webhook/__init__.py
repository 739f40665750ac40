"""The webhook function, on fakes."""
