"""Tools that run hooklog on one machine, without an account."""
