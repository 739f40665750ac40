"""The first page, and completeness by day."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Final

from flask import Blueprint, render_template, request

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops import overview, words
from hooklog_ops.console import charts, health
from hooklog_ops.console.measured import Span
from hooklog_ops.console.panels import attempt
from hooklog_ops.console.reach import Reach
from hooklog_ops.overview import Reason
from hooklog_ops.records import Period

_SPANS: Final[dict[str, tuple[str, Callable[[datetime], Span]]]] = {
    "24h": ("24 hours", lambda now: Span.hours(now, 24)),
    "7d": ("7 days", lambda now: Span.days(now, 7)),
}
#: Of the page on completeness.
_DAYS = 14
#: Reasons that are shown; the rest is behind a link.
_MOST_REASONS = 6


def pages(reach: Reach) -> Blueprint:
    """Give the pages."""
    blueprint = Blueprint("front", __name__)

    @blueprint.get("/")
    def home() -> str:
        chosen = request.args.get("span", "24h")
        chosen = chosen if chosen in _SPANS else "24h"
        name, make = _SPANS[chosen]
        now = reach.clock()
        span = make(now)
        measured = attempt(lambda: reach.metrics.read(span))
        period = Period(since=span.since, until=span.until)
        failing = attempt(lambda: overview.failing(reach.records, reach.pool, period))
        parked = attempt(
            lambda: overview.parked(reach.dynamodb, reach.output("TableName"), reach.pool)
        )
        dead, queue = (
            attempt(functools.partial(overview.waiting, reach.sqs, reach.output(output)))
            for output in ("DeadLetterQueueUrl", "QueueUrl")
        )
        tiles = health.strip(parked, dead, measured, queue, now)
        steps = measured.value or []
        reasons = failing.value.reasons if failing.value else []
        return render_template(
            "overview.html",
            spans={key: title for key, (title, _) in _SPANS.items()},
            chosen=chosen,
            span_name=name,
            headline=health.headline(tiles),
            tiles=tiles,
            measured=measured,
            chart=charts.outcomes(steps)
            if any(one.finished or one.failed for one in steps)
            else None,
            labels=[words.step(one.start, span.step) for one in steps],
            failing=failing,
            reasons=_leading(reasons),
            rest=max(len(reasons) - _MOST_REASONS, 0),
            explain=CATALOGUE.by_key,
        )

    @blueprint.get("/completeness")
    def completeness() -> str:
        span = Span.days(reach.clock(), _DAYS)
        measured = attempt(lambda: reach.metrics.read(span))
        # Days before the first sweep are of no interest; those without one since then are.
        since_first = dropwhile(lambda step: not step.compared, measured.value or [])
        return render_template(
            "completeness.html",
            measured=measured,
            days=[(words.day(step.start), step) for step in reversed([*since_first])],
        )

    return blueprint


def _leading(reasons: Sequence[Reason]) -> list[Reason]:
    """Give the most frequent reasons, among them one of each type of log that fails."""
    of_types = [next((one for one in reasons if kind in one.log_types), None) for kind in KINDS]
    chosen = sorted(reasons, key=lambda one: one not in of_types)[:_MOST_REASONS]
    return [one for one in reasons if one in chosen]
