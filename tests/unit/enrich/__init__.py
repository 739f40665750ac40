"""The enrich function, on fakes."""
