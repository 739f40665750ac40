"""Many messages at once through the deployed stack, and the whole table compared afterwards.

`make load` runs it; `docs/reliability.md` tells what a run has shown.
"""
