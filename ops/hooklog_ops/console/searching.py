"""From the search box to the page that answers."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops.console.logs import url_of
from hooklog_ops.console.reach import Reach
from hooklog_ops.search import Means, Reading, readings


def pages(reach: Reach) -> Blueprint:
    """Give the page."""
    blueprint = Blueprint("searching", __name__)

    @blueprint.get("/search")
    def search() -> str | Response:
        text = request.args.get("q", "").strip()
        found = readings(text)
        first = found[0] if found else None
        if first and first.means is Means.LOG_ID:
            return _of_log(reach, first.value)
        if first and (len(found) == 1 or CATALOGUE.by_code(text)):
            return redirect(_href(first))
        choices = [(reading.means, _href(reading)) for reading in found]
        return render_template("search.html", text=text, choices=choices)

    return blueprint


def _of_log(reach: Reach, log_id: str) -> str | Response:
    """Look for the ID as each type of log's; one request answers for all."""
    keys = [f"{name}#{log_id}" for name in (*KINDS, "parked")]
    items = reach.records.rows(keys)
    if len(items) == 1:
        return redirect(url_of(items[0]["pk"]))
    return render_template("log_id.html", log_id=log_id, items=items, log_types=list(KINDS))


def _href(reading: Reading) -> str:
    match reading.means:
        case Means.KEY:
            return url_of(reading.value)
        case Means.CODE:
            return url_for("logs.failures", code=reading.value)
        case Means.EXPLANATION:
            return url_for("logs.failures", explanation=reading.value)
        case Means.PARKED_CODE:
            return url_for("parking.parked", code=reading.value)
        case _:
            return url_for("logs.number", number=reading.value)
