"""What the page on security promises: see docs/security.md."""
