"""Work that runs in turns: it pauses at each seam until it gets its next turn."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread


class Crash(BaseException):
    """Lambda ended the instance; no code of the instance may survive this."""


class Turns:
    """Runs a function in its own thread; at most one such thread is awake at a time.

    The caller that gives the turns alone decides the order of all port calls, so the same
    decisions give the same interleaving.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        """Wait for the first turn, which leads to the first seam."""
        self.is_over = False
        self._work = work
        self._error: BaseException | None = None
        self._crashes = False
        # A lock that another thread releases is the fastest hand-over.
        self._turn = Lock()
        self._back = Lock()
        self._turn.acquire()
        self._back.acquire()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def go_on(self) -> None:
        """Run to the next seam or to the end; raise what the work raised."""
        assert not self.is_over, "nobody is there to go on"
        self._turn.release()
        self._back.acquire()
        if self.is_over:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def crash(self) -> None:
        """End the work where it stands."""
        self._crashes = True
        self.go_on()

    def stand(self) -> None:
        """Wait for a turn; called by the work itself, at a seam."""
        assert not self._crashes, "a crash was survived"
        self._back.release()
        self._turn.acquire()
        if self._crashes:
            raise Crash

    def _run(self) -> None:
        self._turn.acquire()
        try:
            if not self._crashes:
                self._work()
                assert not self._crashes, "a crash was survived"
        except Crash:
            pass
        except BaseException as error:  # noqa: BLE001 - raised where the turn was given
            self._error = error
        self.is_over = True
        self._back.release()
