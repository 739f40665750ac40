"""Each adapter against what it adapts: sockets on the loopback interface, or a fake client."""
