"""The real template in a local cloud, the real adapters on its table."""
