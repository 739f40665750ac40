"""The parked list, and its redrive: counted first, then confirmed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from flask import Blueprint, abort, render_template, request

from hooklog.clock import iso
from hooklog.errors import BY_CODE
from hooklog_ops import overview
from hooklog_ops.console.panels import attempt
from hooklog_ops.console.reach import Reach
from hooklog_ops.parked import ParkedItem, ParkedList, parkable_codes

#: Entries of one code on a page.
_PAGE = 25
#: Messages of one redrive, and how many a second: somebody waits for the page.
_MOST: Final = 200
_PER_SECOND: Final = 20


def pages(reach: Reach) -> Blueprint:
    """Give the pages."""
    blueprint = Blueprint("parking", __name__)

    @blueprint.get("/parked")
    def parked() -> str:
        code = request.args.get("code")
        if code is not None:
            return _of_code(reach, _known(code), request.args.get("cursor"))
        counts = attempt(
            lambda: overview.parked(reach.dynamodb, reach.output("TableName"), reach.pool)
        )
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
        until = reach.clock()
        items, under_way, is_cut = _wanted(reach, code, until)
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
        items, _, is_cut = _wanted(reach, code, _time(request.form.get("until", "")))
        done = ParkedList(reach.dynamodb, reach.output("TableName")).redrive(
            items,
            (reach.sqs, reach.output("QueueUrl")),
            by=reach.ask(lambda stack: stack.caller),
            per_second=_PER_SECOND,
            clock=reach.clock,
            sleep=time.sleep,
            sent=lambda _: None,
        )
        return render_template("redriven.html", code=code, done=done, is_cut=is_cut)

    return blueprint


def _of_code(reach: Reach, code: str, cursor: str | None) -> str:
    page = attempt(
        lambda: overview.parked_page(
            reach.dynamodb, reach.output("TableName"), code, limit=_PAGE, cursor=cursor
        )
    )
    return render_template(
        "parked_code.html", code=code, own=BY_CODE.get(code), page=page, is_first=cursor is None
    )


def _wanted(reach: Reach, code: str, until: datetime) -> tuple[list[ParkedItem], int, bool]:
    """Give what would be redriven, how many are under way already, and whether there are more.

    One query: of the oldest, as many as one redrive takes. What was parked after that time was
    not counted when the operator decided, and stays.
    """
    page = overview.parked_page(reach.dynamodb, reach.output("TableName"), code, limit=_MOST)
    counted = [item for item in page.items if item.parked_at <= until]
    items = [item for item in counted if not item.is_under_way]
    return items, len(counted) - len(items), page.cursor is not None


def _types(items: Sequence[ParkedItem]) -> list[tuple[str, int]]:
    """Count by type of log."""
    return Counter(item.log_type or "unreadable" for item in items).most_common()


def _known(code: str) -> str:
    if code not in parkable_codes():
        abort(404, f"Nothing is ever parked as {code!r}.")
    return code


def _time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        abort(400, "The form does not say when its messages were counted.")
