"""A third kind of log, registered as CONTRIBUTING.md says, passes through all of hooklog."""
