"""The adapters to AWS."""
