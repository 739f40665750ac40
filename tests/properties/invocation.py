"""An invocation of a function: hooklog's own code, which pauses before each call of a port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar

from tests.properties.faults import Effect, Fault, PortCall
from tests.properties.stepped_thread import SteppedThread
from tests.properties.world import World


class Invocation(ABC):
    """One invocation with its own clock, which may be wrong."""

    #: What can go wrong in this function.
    faults: ClassVar[list[Fault]]

    def __init__(self, world: World, skew: timedelta, timeout: timedelta) -> None:
        """Start an invocation that pauses before it does anything."""
        self.world = world
        self._skew = skew
        self._ends_at = world.clock() + timeout
        self._effect = Effect.SUCCESS
        self._call = PortCall.START
        self._thread = SteppedThread(self.work)

    def __repr__(self) -> str:
        """Return what a reader needs to follow an example."""
        return f"{type(self).__name__} at {self._call}"

    @property
    def is_over(self) -> bool:
        """Whether the invocation ended or crashed."""
        return self._thread.is_over

    @property
    def is_late(self) -> bool:
        """Whether the invocation has reached its timeout."""
        return self.time_left() <= 0

    @abstractmethod
    def work(self) -> None:
        """Do the whole invocation; its own thread calls this."""

    def step(self, effect: Effect = Effect.SUCCESS) -> None:
        """Make the pending port call with this effect and run to the next one."""
        self._effect = effect
        if effect is Effect.CRASH:
            self._thread.kill()
        else:
            self._thread.resume()

    def run_to(self, fault: Fault) -> None:
        """Run until the fault has happened, or to the end."""
        while not self.is_over:
            if self._call is fault.call:
                self.step(fault.effect)
                return
            self.step()

    def finish(self) -> None:
        """Run to the end."""
        while not self.is_over:
            self.step()

    def pause_at(self, call: PortCall) -> Effect:
        """Pause before a port call and return its effect."""
        self._call = call
        self._thread.pause()
        return self._effect

    def clock(self) -> datetime:
        """Return the time by this instance's clock."""
        return self.world.clock() + self._skew

    def time_left(self) -> float:
        """Return the seconds until Lambda ends the invocation."""
        return (self._ends_at - self.world.clock()).total_seconds()
