"""SignalWire's REST API, through urllib3."""
