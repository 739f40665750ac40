"""The functions' output."""
