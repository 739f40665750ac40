"""hooklog at work on one machine, from callbacks to explained records."""
