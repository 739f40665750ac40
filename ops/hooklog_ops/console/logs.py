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
from hooklog.queue_messages import Origin, message_body
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.failure_list import FailurePage, Filter, Position, failure_page
from hooklog_ops.console.guard import RefusedError, is_foreign
from hooklog_ops.console.panels import attempt
from hooklog_ops.console.timeline import timeline
from hooklog_ops.errors import NotThereError
from hooklog_ops.fetching import FetchResult, fetch
from hooklog_ops.formatting import as_json, day
from hooklog_ops.queues import Message, send
from hooklog_ops.records import Item

#: Records of a number's history per page.
_HISTORY = 25


def url_of(key: str) -> str:
    """Return the address of a record's page."""
    log_type, _, log_id = key.partition("#")
    return f"/records/{log_type}/{quote(log_id, safe='')}"


def pages(backend: Backend) -> Blueprint:
    """Return the pages."""
    blueprint = Blueprint("logs", __name__)
    kinds = ", ".join(KINDS)

    @blueprint.get(f"/records/<any({kinds}, parked):log_type>/<log_id>")
    def record(log_type: str, log_id: str) -> str:
        return _record(backend, log_type, log_id)

    @blueprint.get(f"/records/<any({kinds}):log_type>/<uuid:log_id>/now")
    def now(log_type: str, log_id: UUID) -> str:
        if is_foreign(request):
            raise RefusedError("Only the console's own page may ask SignalWire.")
        return _record(backend, log_type, str(log_id), ask=True)

    @blueprint.post(f"/records/<any({kinds}):log_type>/<uuid:log_id>/refetch")
    def refetch(log_type: str, log_id: UUID) -> str:
        body = message_body(log_type=log_type, log_id=str(log_id), origin=Origin.MANUAL)
        send(backend.stack.sqs, backend.stack.output("QueueUrl"), [Message(body=body)])
        return render_template(
            "notice.html",
            title="On the queue",
            text="hooklog fetches the log and stores it within a few seconds.",
            href=url_of(KINDS[log_type].key(str(log_id))),
            link="See the record",
        )

    @blueprint.get("/numbers")
    def number() -> str:
        wanted, cursor = request.args.get("number", ""), request.args.get("cursor")
        history = attempt(lambda: backend.records.of_number(wanted, limit=_HISTORY, cursor=cursor))
        return render_template(
            "number.html", number=wanted, history=history, is_first=cursor is None
        )

    @blueprint.get("/failures")
    def failures() -> str:
        return _failures(backend)

    return blueprint


def _record(backend: Backend, log_type: str, log_id: str, *, ask: bool = False) -> str:
    key = f"{log_type}#{log_id}"
    item = backend.records.get(key)
    fetched: FetchResult | None = None
    if ask and not (item and "erased_at" in item):
        fetched = fetch(backend.stack, KINDS[log_type], log_id, item)
    if item is None and fetched is None:
        if log_type in KINDS:
            return render_template("log_id.html", log_id=log_id, items=[], log_types=[log_type])
        raise NotThereError(f"There is no record {key}.")
    item = item or {}
    unknown = item.get("unknown_fields")
    return render_template(
        "record.html",
        key=key,
        log_type=log_type,
        item=item,
        fetched=fetched,
        events=timeline(item),
        own=BY_CODE.get(item.get("parked_code", "")),
        unknown_fields=json.dumps(json.loads(unknown), indent=2, ensure_ascii=False)
        if unknown
        else None,
        everything=as_json(item) if item else None,
    )


def _failures(backend: Backend) -> str:
    arguments = request.args
    wanted = Filter(
        code=arguments.get("code", "").strip().casefold() or None,
        explanation=arguments.get("explanation") or None,
        log_type=arguments.get("type") if arguments.get("type") in KINDS else None,
    )
    cursor = arguments.get("cursor")

    def query() -> tuple[FailurePage, dict[str, Item]]:
        start = Position.read(cursor) if cursor else Position.newest(backend.clock().date())
        page = failure_page(backend.records, wanted, start)
        rows = backend.records.rows([failure.key for failure in page.failures])
        return page, {item["pk"]: item for item in rows}

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
            (day(members[0].created_at), log_type, members)
            for (_, log_type), members in ((key, list(group)) for key, group in groups)
        ],
        items=items,
        is_first=cursor is None,
        explanation=_explanation(wanted),
        explain=CATALOGUE.by_key,
    )


def _explanation(wanted: Filter) -> Explanation | None:
    """Return what the page is about, if that is one reason."""
    if wanted.explanation:
        return CATALOGUE.by_key(wanted.log_type or next(iter(KINDS)), wanted.explanation)
    return CATALOGUE.by_code(wanted.code) if wanted.code else None
