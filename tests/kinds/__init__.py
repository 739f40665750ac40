"""A third kind of log, registered as CONTRIBUTING.md says, and taken all the way."""
