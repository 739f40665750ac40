"""A web page on this machine that shows what hooklog has stored, and lets operators act on it."""
