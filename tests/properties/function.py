"""An instance of a function: hooklog's own code, paused at each call of a port."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar

from tests.properties.mishaps import Luck, Mishap, Seam
from tests.properties.turns import Turns
from tests.properties.world import World


class Function(ABC):
    """One invocation with its own clock, which may be wrong."""

    #: What can go wrong in this function.
    mishaps: ClassVar[list[Mishap]]

    def __init__(self, world: World, skew: timedelta, timeout: timedelta) -> None:
        """Start an invocation that pauses before it does anything."""
        self.world = world
        self._skew = skew
        self._ends_at = world.clock() + timeout
        self._luck = Luck.FINE
        self._seam = Seam.START
        self._turns = Turns(self.work)

    def __repr__(self) -> str:
        """Return what a reader needs to follow an example."""
        return f"{type(self).__name__} at {self._seam}"

    @property
    def is_over(self) -> bool:
        """Whether the invocation ended or crashed."""
        return self._turns.is_over

    @property
    def is_late(self) -> bool:
        """Whether the invocation has reached its timeout."""
        return self.time_left() <= 0

    @abstractmethod
    def work(self) -> None:
        """Do the whole invocation; called by its own turns."""

    def step(self, luck: Luck = Luck.FINE) -> None:
        """Make the pending port call with this luck and run to the next one."""
        self._luck = luck
        if luck is Luck.CRASH:
            self._turns.crash()
        else:
            self._turns.go_on()

    def go_on(self, mishap: Mishap) -> None:
        """Run until the mishap has happened, or to the end."""
        while not self.is_over:
            if self._seam is mishap.seam:
                self.step(mishap.luck)
                return
            self.step()

    def finish(self) -> None:
        """Run to the end."""
        while not self.is_over:
            self.step()

    def meet(self, seam: Seam) -> Luck:
        """Pause before a port call and return its luck."""
        self._seam = seam
        self._turns.stand()
        return self._luck

    def clock(self) -> datetime:
        """Return the time by this instance's clock."""
        return self.world.clock() + self._skew

    def time_left(self) -> float:
        """Return the seconds until Lambda ends the invocation."""
        return (self._ends_at - self.world.clock()).total_seconds()
