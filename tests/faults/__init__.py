"""Every fault that can occur at each step of a batch, and how its message ends; see README.md."""
