"""A thread that runs step by step: it pauses until it is resumed."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock, Thread

from tests.limits import KilledByLambda


class SteppedThread:
    """Runs a function in its own thread; at most one such thread runs at a time.

    The caller that resumes the threads alone decides the order of all port calls, so the same
    decisions give the same interleaving.
    """

    def __init__(self, work: Callable[[], None]) -> None:
        """Pause before the work begins."""
        self.is_over = False
        self._work = work
        self._error: BaseException | None = None
        self._is_killed = False
        # A lock that another thread releases is the fastest hand-over.
        self._resumed = Lock()
        self._paused = Lock()
        self._resumed.acquire()
        self._paused.acquire()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def resume(self) -> None:
        """Run to the next pause or to the end; raise what the work raised."""
        assert not self.is_over, "the thread has ended"
        self._resumed.release()
        self._paused.acquire()
        if self.is_over:
            self._thread.join()
        if self._error is not None:
            raise self._error

    def kill(self) -> None:
        """End the work where it paused."""
        self._is_killed = True
        self.resume()

    def pause(self) -> None:
        """Wait until the thread is resumed; the work itself calls this."""
        assert not self._is_killed, "the work went on after it was killed"
        self._paused.release()
        self._resumed.acquire()
        if self._is_killed:
            raise KilledByLambda

    def _run(self) -> None:
        self._resumed.acquire()
        try:
            if not self._is_killed:
                self._work()
                assert not self._is_killed, "the work went on after it was killed"
        except KilledByLambda:
            pass
        except BaseException as error:  # noqa: BLE001 - raised by `resume`
            self._error = error
        self.is_over = True
        self._paused.release()
