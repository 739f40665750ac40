"""A load run: thousands of messages through the deployed stack, then a comparison row by row.

`make load` runs it; `docs/reliability.md` shows the result.
"""
