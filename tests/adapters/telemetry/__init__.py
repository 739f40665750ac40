"""What the functions print."""
