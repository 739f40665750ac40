"""The real template in a local cloud, and the real adapters on its table."""
