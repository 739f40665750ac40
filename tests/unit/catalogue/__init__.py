"""The failure catalogue, on fakes."""
