"""The overview, and completeness by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import dropwhile
from typing import Final

from flask import Blueprint, render_template, request

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops import failures, formatting, queues
from hooklog_ops.console import charts, health
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.metrics import Span
from hooklog_ops.console.panels import Panel, attempt
from hooklog_ops.failures import Reason
from hooklog_ops.pace import read_pace
from hooklog_ops.queues import QueueDepth
from hooklog_ops.records import Period

_SPANS: Final[dict[str, tuple[str, Callable[[datetime], Span]]]] = {
    "24h": ("24 hours", lambda now: Span.hours(now, 24)),
    "7d": ("7 days", lambda now: Span.days(now, 7)),
}
#: Days on the page on completeness.
_DAYS = 14
#: Reasons that are shown; a link leads to the rest.
_MOST_REASONS = 6


def pages(backend: Backend) -> Blueprint:
    """Return the pages."""
    blueprint = Blueprint("home", __name__)

    def depth(output: str) -> Panel[QueueDepth]:
        stack = backend.stack
        return attempt(lambda: queues.queue_depth(stack.sqs, stack.output(output)))

    @blueprint.get("/")
    def overview() -> str:
        chosen = request.args.get("span", "24h")
        chosen = chosen if chosen in _SPANS else "24h"
        name, make = _SPANS[chosen]
        now = backend.clock()
        span = make(now)
        period = Period(since=span.since, until=span.until)
        measured = attempt(lambda: backend.metrics.read(span))
        failing = attempt(lambda: failures.sample(backend.records, backend.pool, period))
        parked = attempt(lambda: backend.parked.oldest(backend.pool))
        pace = attempt(lambda: read_pace(backend.stack, now))
        dead, queue = depth("DeadLetterQueueUrl"), depth("QueueUrl")
        tiles = health.strip(parked, dead, measured, pace, queue, now)
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
            labels=[formatting.step(one.start, span.step) for one in steps],
            failing=failing,
            sample=failures.SAMPLE,
            reasons=_leading(reasons),
            rest=max(len(reasons) - _MOST_REASONS, 0),
            explain=CATALOGUE.by_key,
        )

    @blueprint.get("/completeness")
    def completeness() -> str:
        span = Span.days(backend.clock(), _DAYS)
        measured = attempt(lambda: backend.metrics.read(span))
        # Days before the first sweep do not matter; a day without a sweep after it does.
        since_first = dropwhile(lambda step: not step.compared, measured.value or [])
        return render_template(
            "completeness.html",
            measured=measured,
            span_days=_DAYS,
            days=[(formatting.day(step.start), step) for step in reversed([*since_first])],
        )

    return blueprint


def _leading(reasons: Sequence[Reason]) -> list[Reason]:
    """Return the most frequent reasons, among them one of each kind of log that fails."""
    of_kinds = [next((one for one in reasons if kind in one.log_types), None) for kind in KINDS]
    chosen = sorted(reasons, key=lambda one: one not in of_kinds)[:_MOST_REASONS]
    return [one for one in reasons if one in chosen]
