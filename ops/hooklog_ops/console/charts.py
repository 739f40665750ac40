"""Positions of the bars in a chart that the server draws, in units of the SVG's viewBox."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hooklog_ops.console.metrics import Step

#: Size of the viewBox, which the page stretches.
WIDTH: Final = 960
HEIGHT: Final = 160
#: Share of a step's width between two columns.
_GAP = 0.28
#: Least height of a count above zero.
_LEAST = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One step: logs that succeeded at the bottom, those that failed on top."""

    step: Step
    slot_x: float
    slot_width: float
    x: float
    width: float
    succeeded_y: float
    succeeded_height: float
    failed_y: float
    failed_height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Columns side by side.

    Attributes:
        columns: oldest first.
        top: the round number at the upper edge.
        succeeded: logs in all columns.
        failed: logs in all columns.

    """

    columns: Sequence[Column]
    top: int
    succeeded: int
    failed: int


def outcomes(steps: Sequence[Step]) -> Chart:
    """Draw how logs ended, step by step."""
    top = _round_up(max(step.succeeded + step.failed for step in steps))
    slot = WIDTH / len(steps)
    return Chart(
        columns=[_column(step, index, slot, top) for index, step in enumerate(steps)],
        top=top,
        succeeded=sum(step.succeeded for step in steps),
        failed=sum(step.failed for step in steps),
    )


def _column(step: Step, index: int, slot: float, top: int) -> Column:
    succeeded, failed = _height(step.succeeded, top), _height(step.failed, top)
    return Column(
        step=step,
        slot_x=_tidy(index * slot),
        slot_width=_tidy(slot),
        x=_tidy((index + _GAP / 2) * slot),
        width=_tidy((1 - _GAP) * slot),
        succeeded_y=_tidy(HEIGHT - succeeded),
        succeeded_height=_tidy(succeeded),
        failed_y=_tidy(HEIGHT - succeeded - failed),
        failed_height=_tidy(failed),
    )


def _height(count: int, top: int) -> float:
    return max(count / top * HEIGHT, _LEAST) if count else 0


def _round_up(count: int) -> int:
    """Return the next of 2, 5, 10, 20, 50 and so on, whose halves are mostly whole numbers."""
    if count <= 2:  # noqa: PLR2004 - the smallest chart
        return 2
    power: int = 10 ** math.floor(math.log10(count))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= count)


def _tidy(number: float) -> float:
    return round(number, 2)
