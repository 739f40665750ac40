"""The sweep function: logs that SignalWire lists and the table lacks go on the queue."""
