"""The publish function's domain, with stand-ins for its ports."""
