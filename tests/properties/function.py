"""An instance of a function: hooklog's own code, which stands still where it meets the world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta
from typing import ClassVar

from tests.properties.mishaps import Luck, Mishap, Seam
from tests.properties.turns import Turns
from tests.properties.world import World


class Function(ABC):
    """One invocation, with a clock of its own that may be wrong."""

    #: What can go wrong for it.
    mishaps: ClassVar[list[Mishap]]

    def __init__(self, world: World, skew: timedelta, timeout: timedelta) -> None:
        """Be invoked, and stand still before anything is done."""
        self.world = world
        self._skew = skew
        self._ends_at = world.clock() + timeout
        self._luck = Luck.FINE
        self._seam = Seam.START
        self._turns = Turns(self.work)

    def __repr__(self) -> str:
        """Say what is needed to follow an example."""
        return f"{type(self).__name__} at {self._seam}"

    @property
    def is_over(self) -> bool:
        """Whether it came to its end, or was brought to it."""
        return self._turns.is_over

    @property
    def is_late(self) -> bool:
        """Whether Lambda would not let it go on."""
        return self.time_left() <= 0

    @abstractmethod
    def work(self) -> None:
        """Do all that there is to do; called by its own turns."""

    def step(self, luck: Luck = Luck.FINE) -> None:
        """Let it meet the world with that luck, and go on to where it would do so again."""
        self._luck = luck
        if luck is Luck.CRASH:
            self._turns.crash()
        else:
            self._turns.go_on()

    def go_on(self, mishap: Mishap) -> None:
        """Let it go on to where that happens, or to its end."""
        while not self.is_over:
            if self._seam is mishap.seam:
                self.step(mishap.luck)
                return
            self.step()

    def finish(self) -> None:
        """Let it go on to its end."""
        while not self.is_over:
            self.step()

    def meet(self, seam: Seam) -> Luck:
        """Stand still before something is done to the world; return the luck that it has."""
        self._seam = seam
        self._turns.stand()
        return self._luck

    def clock(self) -> datetime:
        """Tell the time as this instance sees it."""
        return self.world.clock() + self._skew

    def time_left(self) -> float:
        """Tell the seconds until Lambda ends it."""
        return (self._ends_at - self.world.clock()).total_seconds()
