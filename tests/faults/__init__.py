"""What can go wrong at each step, alone and combined, and how every message ends then.

`table` lists the faults; `fakes` and `wire` are the two worlds in which they are tried: in
memory, and over sockets against the simulated space and an AWS that answers as it is told.
"""
