"""The failure catalogue."""
