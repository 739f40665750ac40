"""The rule for several faults at once: how their message ends, and which errors are counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tests.faults.cases import FaultCase, Step
from tests.faults.endings import Ending, Known, Parked, Returned, Stored, Waits, retried


def expected(cases: Iterable[FaultCase]) -> tuple[Ending, set[str]]:
    """Return a message's ending and the codes counted as processing failures.

    The first fault that ends a message decides. A later fault can only return a message that
    would have been acknowledged, or leave its wait to the queue. If an outage cannot
    be stored for the other instances, each log that meets it is retried on its own.
    """
    ending: Ending = Stored()
    decided_at = None
    is_untold = False
    codes = set()
    for case in sorted(cases, key=lambda case: (case.step, not case.hits_all)):
        changed = _changed(ending, decided_at, case)
        if changed is None:
            continue
        if isinstance(ending, Stored) and not isinstance(changed, Stored):
            decided_at = case.step
        ending = changed
        codes |= {case.counts} if case.counts is not None else _codes(case.ends)
        is_untold |= case.counts is not None and case.step in {Step.PACE, Step.LEARN}
        if is_untold and isinstance(ending, Waits) and ending.is_outage:
            ending = retried(ending.code)
    return ending, codes


def _changed(ending: Ending, decided_at: Step | None, case: FaultCase) -> Ending | None:
    """Return the ending after one more fault; None if that has no part in it."""
    changed: Ending | None = None
    match case.step, ending:
        case Step.LEARN, Waits() if ending.counts == "fetch.rate_limited" or ending.is_outage:
            changed = ending
        case Step.COUNT, Returned() | Waits() if ending.is_counted:
            changed = ending
        case Step.WAIT, Returned() | Waits():
            changed = replace(ending, after=None)
        case Step.LIFT, Stored() | Known():
            changed = case.ends
        # An unreadable message is parked again in the row from which it was redriven.
        case Step.LIFT, Parked() if decided_at is not Step.PARSE:
            changed = case.ends
        case Step.PARK, Parked():
            changed = case.ends
        # A log that another writer has stored need not be parked.
        case _, Parked() if isinstance(case.ends, Known) and decided_at is not Step.PARSE:
            changed = case.ends
        case step, Stored() if step < Step.LEARN:
            changed = case.ends
    return changed


def _codes(ending: Ending) -> set[str]:
    match ending:
        case Parked(code) | Returned(code=code):
            return {code}
        case Waits(counts=str(code)):
            return {code}
        case _:
            return set()
