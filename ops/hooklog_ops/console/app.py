"""The console as a web application: its pages, access control and error pages."""

from __future__ import annotations

import traceback

from botocore.exceptions import BotoCoreError, ClientError
from flask import Flask, Response, render_template, request
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, NotFound

from hooklog.errors import HooklogError
from hooklog.logs import KINDS
from hooklog_ops import formatting
from hooklog_ops.console import home, logs, parking, searching
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.guard import Guard, RefusedError, harden
from hooklog_ops.errors import NotThereError, OperatorError, describe
from hooklog_ops.records import own_end, tried

#: Bytes; a form has a code, a time and a token.
_LARGEST_FORM = 16 * 1024
_NO_PAGE = "Search for an ID, a number or a code above, or start from the overview."


def create_app(backend: Backend, guard: Guard) -> Flask:
    """Return the application.

    Args:
        backend: that the pages query.
        guard: that admits or refuses requests.

    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_FORM
    app.jinja_options = {
        "trim_blocks": True,
        "lstrip_blocks": True,
        "finalize": formatting.visible_value,
    }
    app.before_request(lambda: guard.check(request))
    app.after_request(harden)
    for pages in (home, logs, parking, searching):
        app.register_blueprint(pages.pages(backend))
    for written in (
        *(formatting.counted, formatting.dollars, formatting.drift, formatting.label),
        *(formatting.moment, formatting.plain, formatting.plurals, formatting.stamp),
        formatting.summary,
    ):
        app.add_template_filter(written)
    app.add_template_filter(lambda then: formatting.ago(then, backend.clock()), "ago")
    app.add_template_filter(logs.url_of, "record_url")
    app.add_template_filter(own_end)
    app.add_template_filter(tried)
    token_field = Markup('<input type="hidden" name="token" value="{}">').format(guard.token)
    app.context_processor(
        lambda: {
            "kinds": KINDS,
            "stack": f"{backend.stack.name}, {backend.stack.session.region_name}",
            "allow_actions": guard.allow_actions,
            "token_field": token_field,
        }
    )
    _register_errors(app)
    return app


def _register_errors(app: Flask) -> None:
    """Show a page for each kind of error."""

    @app.errorhandler(RefusedError)
    def refused(error: RefusedError) -> Response:
        return _page(403, "Refused", str(error))

    @app.errorhandler(NotThereError)
    def not_there(error: NotThereError) -> Response:
        return _page(404, "There is no such record", str(error))

    @app.errorhandler(OperatorError)
    @app.errorhandler(HooklogError)
    @app.errorhandler(ClientError)
    @app.errorhandler(BotoCoreError)
    def failed(error: OperatorError | HooklogError | ClientError | BotoCoreError) -> Response:
        return _page(503, "That did not work", describe(error))

    @app.errorhandler(HTTPException)
    def wrong_request(error: HTTPException) -> Response:
        return _page(error.code or 500, error.name, error.description or "")

    @app.errorhandler(NotFound)
    def no_page(error: NotFound) -> Response:
        own = error.description if error.description != NotFound.description else None
        return _page(404, "There is no such page", own or _NO_PAGE)

    @app.errorhandler(Exception)
    def defect(error: Exception) -> Response:
        # The text of an exception can hold a number, so only its place is shown and logged.
        *_, last = traceback.extract_tb(error.__traceback__)
        place = f"{type(error).__name__} at {last.filename}:{last.lineno}"
        app.logger.error("defect: %s", place)
        return _page(500, "A defect in the console", f"Please report it: {place}.")


def _page(status: int, title: str, text: str) -> Response:
    return Response(
        render_template("notice.html", title=title, text=text, href="/", link="Overview"), status
    )
