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
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.failure_list import FailurePage, Filter, Position, failure_page
from hooklog_ops.console.guard import RefusedError, is_foreign
from hooklog_ops.console.panels import attempt
from hooklog_ops.errors import NotThereError
from hooklog_ops.fetching import FetchResult, fetch
from hooklog_ops.formatting import as_json, day
from hooklog_ops.queues import send
from hooklog_ops.records import Item
from hooklog_ops.requesting import manual_request
from hooklog_ops.timeline import timeline

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
        name = KINDS[log_type].key(str(log_id))
        message = manual_request(name, backend.records.log_keys([name]).get(name))
        send(backend.stack.sqs, backend.stack.output("QueueUrl"), [message])
        return render_template(
            "notice.html",
            title="On the queue",
            text="hooklog fetches the log and stores it within a few seconds.",
            href=url_of(name),
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
    found = backend.records.find(f"{log_type}#{log_id}")
    item = found.item or {}
    fetched: FetchResult | None = None
    if ask and "erased_at" not in item:
        kind = KINDS[log_type]
        fetched = fetch(backend.stack, kind, found.key.partition("#")[2], found.item)
    if found.item is None and fetched is None and not found.has_news_by_sid:
        if log_type in KINDS:
            # With its log's ID, if the table knows the SID.
            log_id = found.key.partition("#")[2]
            return render_template(
                "log_id.html",
                log_id=log_id,
                items=[],
                log_types=[log_type],
                sid=found.name if found.is_by_sid else "",
            )
        raise NotThereError(f"There is no record {found.key}.")
    # What happened to messages under the SID is part of the log's story.
    parked = [row for row in (item, found.alias or {}) if "parked_code" in row]
    unknown = item.get("unknown_fields")
    return render_template(
        "record.html",
        found=found,
        key=found.key,
        log_type=log_type,
        item=item,
        fetched=fetched,
        events=timeline(item, found.alias),
        parked=[(row, BY_CODE.get(row["parked_code"])) for row in parked],
        tried=[row for row in (item, found.alias or {}) if "tries" in row],
        own=BY_CODE,
        unknown_fields=json.dumps(json.loads(unknown), indent=2, ensure_ascii=False)
        if unknown
        else None,
        rows=[as_json(row) for row in (found.item, found.alias) if row is not None],
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
