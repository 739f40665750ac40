"""The sweep function, on fakes."""
