"""Which small changes of the deployed package the fast tests kill, and which may survive."""
