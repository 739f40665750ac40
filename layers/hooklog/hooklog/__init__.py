"""hooklog: a SignalWire callback becomes a trustworthy, explained record."""
