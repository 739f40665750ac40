"""The publish function: a changed outcome in the table becomes an event on a bus."""
