"""The pages of the parked list, and its redrive, which is counted first and then confirmed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flask import Blueprint, abort, render_template, request

from hooklog.clock import iso
from hooklog.errors import BY_CODE
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.panels import attempt
from hooklog_ops.parked import (
    UNREADABLE,
    ParkedItem,
    ParkedPage,
    logs_of,
    parkable_codes,
)

#: Entries of one code per page.
_PAGE = 25
#: Most messages of one redrive, and their rate per second: a person waits for the page.
_MOST: Final = 200
_PER_SECOND: Final = 20


def pages(backend: Backend) -> Blueprint:
    """Return the pages."""
    blueprint = Blueprint("parking", __name__)

    @blueprint.get("/parked")
    def parked() -> str:
        code, cursor = request.args.get("code"), request.args.get("cursor")
        if code is not None:
            known = _known(code)

            def query() -> tuple[ParkedPage, dict[str, str]]:
                page = backend.parked.page(known, limit=_PAGE, cursor=cursor)
                logs = logs_of(backend.records, page.items)
                return page, {key: log.relation for key, log in logs.items()}

            found = attempt(query)
            page, told = found.value or (None, {})
            return render_template(
                "parked_code.html",
                code=known,
                own=BY_CODE.get(known),
                problem=found.problem,
                page=page,
                relations=told,
                is_first=cursor is None,
            )
        counts = attempt(lambda: backend.parked.oldest(backend.pool))
        return render_template(
            "parked.html",
            counts=counts,
            total=sum(len(page.items) for page in counts.value or ()),
            is_cut=any(page.cursor for page in counts.value or ()),
            types=_types,
            own_error=BY_CODE.get,
        )

    @blueprint.get("/parked/redrive")
    def count() -> str:
        code = _known(request.args.get("code", ""))
        until = backend.clock()
        items, under_way, is_cut = _wanted(backend, code, until)
        return render_template(
            "redrive.html",
            code=code,
            own=BY_CODE.get(code),
            items=items,
            types=_types(items),
            under_way=under_way,
            is_cut=is_cut,
            until=iso(until),
        )

    @blueprint.post("/parked/redrive")
    def redrive() -> str:
        code = _known(request.form.get("code", ""))
        items, _, is_cut = _wanted(backend, code, _time(request.form.get("until", "")))
        result = backend.parked.redrive(
            items,
            (backend.stack.sqs, backend.stack.output("QueueUrl")),
            by=backend.stack.caller,
            per_second=_PER_SECOND,
            clock=backend.clock,
            sleep=time.sleep,
            done=lambda _: None,
        )
        return render_template("redriven.html", code=code, result=result, is_cut=is_cut)

    return blueprint


def _wanted(backend: Backend, code: str, until: datetime) -> tuple[list[ParkedItem], int, bool]:
    """Return the messages to redrive, how many are under way already, and if there are more.

    One query returns the oldest, as many as one redrive takes. Messages that were parked after
    ``until`` were not counted when the operator decided, and stay.
    """
    page = backend.parked.page(code, limit=_MOST)
    counted = [item for item in page.items if item.parked_at <= until]
    items = [item for item in counted if not item.is_under_way]
    return items, len(counted) - len(items), page.cursor is not None


def _types(items: Sequence[ParkedItem]) -> list[tuple[str, int]]:
    """Count by kind of log."""
    return Counter(item.log_type or UNREADABLE for item in items).most_common()


def _known(code: str) -> str:
    if code not in parkable_codes():
        abort(404, f"No message is ever parked as {code!r}.")
    return code


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        abort(400, "The form does not say when its messages were counted.")
