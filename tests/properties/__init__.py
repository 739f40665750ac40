"""What holds whatever happens: Hypothesis looks for a course of events that breaks it."""
