"""The console as a web application: its pages, who may see them, and what goes wrong."""

from __future__ import annotations

import traceback

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound

from hooklog.errors import HooklogError
from hooklog_ops import words
from hooklog_ops.console import front, logs, parking, searching
from hooklog_ops.console.guard import Guard, RefusedError, harden
from hooklog_ops.console.reach import Reach
from hooklog_ops.problems import NotThereError, OperatorError, sentence

#: Bytes; a form has a code, a time and a token.
_LARGEST_FORM = 16 * 1024
_NO_PAGE = "Search for an ID, a number or a code above, or begin at the overview."


def create_app(reach: Reach, guard: Guard) -> Flask:
    """Put the pages together.

    Args:
        reach: what they ask.
        guard: which requests are let in.

    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.before_request(lambda: guard.check(request))
    app.after_request(harden)
    for pages in (
        front.pages(reach),
        logs.pages(reach),
        parking.pages(reach),
        searching.pages(reach),
    ):
        app.register_blueprint(pages)
    for name in ("counted", "dollars", "drift", "moment", "plain", "stamp", "summary"):
        app.add_template_filter(getattr(words, name))
    app.add_template_filter(lambda then: words.ago(then, reach.clock()), "ago")
    app.add_template_filter(logs.url_of, "record_url")
    app.context_processor(
        lambda: {
            "stack": reach.name,
            "allow_actions": guard.allow_actions,
            "token_field": Markup('<input type="hidden" name="token" value="{}">').format(
                guard.token
            ),
        }
    )
    _register_errors(app)
    return app


def _register_errors(app: Flask) -> None:
    """Make a page of everything that can go wrong."""

    @app.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        return _page(403, "Not from here", str(error))

    @app.errorhandler(NotThereError)
    def not_there(error: NotThereError) -> Response:
        return _page(404, "There is no such record", str(error))

    @app.errorhandler(OperatorError)
    @app.errorhandler(HooklogError)
    def told(error: OperatorError | HooklogError) -> Response:
        return _page(503, "That did not work", str(error))

    @app.errorhandler(ClientError)
    @app.errorhandler(BotoCoreError)
    def not_answered(error: ClientError | BotoCoreError) -> Response:
        return _page(503, "AWS did not answer as it should", sentence(error))

    @app.errorhandler(HTTPException)
    def wrong_request(error: HTTPException) -> Response:
        return _page(error.code or 500, error.name, error.description or "")

    @app.errorhandler(NotFound)
    def no_page(error: NotFound) -> Response:
        own = error.description if error.description != NotFound.description else None
        return _page(404, "There is no such page", own or _NO_PAGE)

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        # An exception's text may hold a number; where it happened may not.
        *_, last = traceback.extract_tb(error.__traceback__)
        place = f"{type(error).__name__} at {last.filename}:{last.lineno}"
        app.logger.error("defect: %s", place)
        return _page(500, "A defect of the console", f"Please report it: {place}.")


def _page(status: int, title: str, text: str) -> Response:
    return Response(
        render_template("told.html", title=title, text=text, href="/", link="Overview"), status
    )
