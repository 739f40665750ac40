"""A log as a row of the table, on fakes."""
