"""Contracts with SignalWire: its API, its official client, and the simulated space."""
