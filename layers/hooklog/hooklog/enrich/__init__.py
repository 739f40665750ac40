"""The enrich function: a batch of queue messages becomes rows and metrics."""
