"""From the search box to the page that answers."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.logs import url_of
from hooklog_ops.errors import CountryMissingError
from hooklog_ops.records import log_key
from hooklog_ops.search import Interpretation, Term, interpret


def pages(backend: Backend) -> Blueprint:
    """Return the page."""
    blueprint = Blueprint("searching", __name__)

    @blueprint.get("/search")
    def search() -> str | Response:
        text = request.args.get("q", "").strip()
        try:
            found = interpret(text, backend.country)
        except CountryMissingError as error:
            return render_template("search.html", text=text, problem=str(error))
        first = found[0] if found else None
        if first and first.term is Term.LOG_ID:
            return _of_log(backend, first.value)
        if first and (len(found) == 1 or CATALOGUE.by_code(text)):
            return redirect(_href(first))
        choices = [(meaning.term, _href(meaning)) for meaning in found]
        return render_template("search.html", text=text, choices=choices)

    return blueprint


def _of_log(backend: Backend, log_id: str) -> str | Response:
    """Look for an ID or SID among each kind of log, by one request.

    The page of a SID is that of its log.
    """
    items = backend.records.rows([f"{name}#{log_id}" for name in (*KINDS, "parked")])
    if len(items) == 1:
        return redirect(url_of(items[0]["pk"]))
    return render_template(
        "log_id.html",
        log_id=log_id,
        items=[(item["pk"], log_key(item)) for item in items],
        log_types=list(KINDS),
        sid="",
    )


def _href(meaning: Interpretation) -> str:
    match meaning.term:
        case Term.KEY:
            return url_of(meaning.value)
        case Term.CODE:
            return url_for("logs.failures", code=meaning.value)
        case Term.EXPLANATION:
            return url_for("logs.failures", explanation=meaning.value)
        case Term.PARKED_CODE:
            return url_for("parking.parked", code=meaning.value)
        case _:
            return url_for("logs.number", number=meaning.value)
