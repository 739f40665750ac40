"""Every fault that can occur at each step, alone and combined, and how its message ends.

`table` lists the faults. `fakes` tries them in memory; `wire` tries them over sockets, against
the simulated space and an AWS that answers as the test says.
"""
