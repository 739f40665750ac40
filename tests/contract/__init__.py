"""Contracts with the outside: SignalWire's API, its official client, and the simulated space."""
