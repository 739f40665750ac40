"""A report of a period, as one page that needs no other file."""
