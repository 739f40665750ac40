"""Properties that always hold; Hypothesis looks for a sequence of events that breaks one."""
