"""The pages of one record, of a number, and of failures."""

from __future__ import annotations

import json
from itertools import groupby
from urllib.parse import quote
from uuid import UUID

from flask import Blueprint, render_template, request

from hooklog.catalogue import CATALOGUE, Explanation
from hooklog.errors import BY_CODE
from hooklog.logs import KINDS
from hooklog_ops import words
from hooklog_ops.commands.shared import as_json
from hooklog_ops.console.failure_list import FailurePage, Filter, Place, failure_page
from hooklog_ops.console.guard import RefusedError, is_foreign
from hooklog_ops.console.panels import attempt
from hooklog_ops.console.reach import Reach
from hooklog_ops.console.timeline import timeline
from hooklog_ops.fetching import Fresh, fetch
from hooklog_ops.problems import NotThereError
from hooklog_ops.records import Item
from hooklog_ops.sending import by_hand, send

#: Records of a number's history on one page.
_HISTORY = 25


def url_of(key: str) -> str:
    """Give the address of a record's page."""
    log_type, _, log_id = key.partition("#")
    return f"/records/{log_type}/{quote(log_id, safe='')}"


def pages(reach: Reach) -> Blueprint:
    """Give the pages."""
    blueprint = Blueprint("logs", __name__)
    kinds = ", ".join(KINDS)

    @blueprint.get(f"/records/<any({kinds}, parked):log_type>/<log_id>")
    def record(log_type: str, log_id: str) -> str:
        return _record(reach, log_type, log_id)

    @blueprint.get(f"/records/<any({kinds}):log_type>/<uuid:log_id>/now")
    def now(log_type: str, log_id: UUID) -> str:
        if is_foreign(request):
            raise RefusedError("Only the console's own page may ask SignalWire.")
        return _record(reach, log_type, str(log_id), ask=True)

    @blueprint.post(f"/records/<any({kinds}):log_type>/<uuid:log_id>/refetch")
    def refetch(log_type: str, log_id: UUID) -> str:
        send(reach.sqs, reach.output("QueueUrl"), [by_hand(log_type, str(log_id))])
        return render_template(
            "told.html",
            title="On the queue",
            text="hooklog fetches the log and stores it within a few seconds.",
            href=url_of(f"{log_type}#{log_id}"),
            link="See the record",
        )

    @blueprint.get("/numbers")
    def number() -> str:
        wanted, cursor = request.args.get("number", ""), request.args.get("cursor")
        history = attempt(lambda: reach.records.of_number(wanted, limit=_HISTORY, cursor=cursor))
        return render_template(
            "number.html", number=wanted, history=history, is_first=cursor is None
        )

    @blueprint.get("/failures")
    def failures() -> str:
        return _failures(reach)

    return blueprint


def _record(reach: Reach, log_type: str, log_id: str, *, ask: bool = False) -> str:
    key = f"{log_type}#{log_id}"
    item = reach.records.get(key)
    fresh: Fresh | None = None
    if ask and not (item and "erased_at" in item):
        fresh = reach.ask(lambda stack: fetch(stack, KINDS[log_type], log_id, item))
    if item is None and fresh is None:
        if log_type in KINDS:
            return render_template("unknown.html", log_type=log_type, log_id=log_id)
        raise NotThereError(f"There is no record {key}.")
    return render_template(
        "record.html",
        key=key,
        log_type=log_type,
        item=item or {},
        fresh=fresh,
        events=timeline(item or {}),
        own=BY_CODE.get(str(item["parked_code"])) if item and "parked_code" in item else None,
        unknown_fields=_pretty(item or {}),
        everything=as_json(item) if item else None,
    )


def _pretty(item: Item) -> str | None:
    """Lay out the JSON of fields that the specification does not have."""
    text = item.get("unknown_fields")
    return json.dumps(json.loads(text), indent=2, ensure_ascii=False) if text else None


def _failures(reach: Reach) -> str:
    arguments = request.args
    wanted = Filter(
        code=arguments.get("code", "").strip().casefold() or None,
        explanation=arguments.get("explanation") or None,
        log_type=arguments.get("type") if arguments.get("type") in KINDS else None,
    )
    cursor = arguments.get("cursor")
    today = Place(day=reach.clock().date(), log_type=next(iter(KINDS)))

    def query() -> tuple[FailurePage, dict[str, Item]]:
        page = failure_page(reach.records, wanted, Place.read(cursor) if cursor else today)
        return page, {
            item["pk"]: item for item in reach.records.rows([f.key for f in page.failures])
        }

    found = attempt(query)
    page, items = found.value or (None, {})
    groups = groupby(
        page.failures if page else (), lambda one: (one.created_at.date(), one.log_type)
    )
    return render_template(
        "failures.html",
        wanted=wanted,
        problem=found.problem,
        page=page,
        groups=[
            (words.day(members[0].created_at), log_type, members)
            for (_, log_type), members in ((key, list(group)) for key, group in groups)
        ],
        items=items,
        is_first=cursor is None,
        explanation=_explanation(wanted),
        explain=CATALOGUE.by_key,
        log_types=list(KINDS),
    )


def _explanation(wanted: Filter) -> Explanation | None:
    """Explain what the page is about, if it is about one reason."""
    if wanted.explanation:
        return CATALOGUE.by_key(wanted.log_type or next(iter(KINDS)), wanted.explanation)
    return CATALOGUE.by_code(wanted.code) if wanted.code else None
