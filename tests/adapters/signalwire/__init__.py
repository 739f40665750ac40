"""The adapters to SignalWire, on real sockets."""
