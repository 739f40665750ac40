"""The sweep function: logs that SignalWire lists and the table lacks are stored."""
