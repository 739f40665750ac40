"""What keeps other pages and other machines from using the console through somebody's browser.

It listens on the loopback interface only. A page of another site could still send requests there,
or give its own name that address (DNS rebinding): the Host header tells the second, Origin and
Sec-Fetch-Site the first, and what changes something needs a token besides.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass

from flask import Request, Response

#: Everything comes from the console itself, and there are no scripts.
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not no-referrer: browsers would send no origin with forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}
READ_ONLY = "This console only reads. Start it with --allow-actions to act from here."


class RefusedError(Exception):
    """A request is not let in; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Decides which requests are let in.

    Attributes:
        port: that the console listens on.
        token: random, of this start; every form that changes something carries it.
        allow_actions: whether anything may be changed at all.

    """

    port: int
    token: str
    allow_actions: bool

    def check(self, request: Request) -> None:
        """Let a request in.

        Raises:
            RefusedError: it came by a foreign name, or changes something without leave.

        """
        hosts = (f"127.0.0.1:{self.port}", f"localhost:{self.port}")
        if request.headers.get("Host") not in hosts:
            raise RefusedError(f"This console answers as {hosts[0]} only.")
        if request.method not in {"GET", "HEAD"}:
            self._check_change(request)

    def _check_change(self, request: Request) -> None:
        own = f"http://{request.headers['Host']}"
        if request.headers.get("Origin") != own or is_foreign(request):
            raise RefusedError("This request was not sent by the console's own page.")
        if not self.allow_actions:
            raise RefusedError(READ_ONLY)
        if not hmac.compare_digest(request.form.get("token", "").encode(), self.token.encode()):
            raise RefusedError("The page is from before the console was started. Load it again.")


def is_foreign(request: Request) -> bool:
    """Whether the browser says that another site's page sent this; old browsers say nothing."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}


def harden(response: Response) -> Response:
    """Tell the browser what the page may do, and that it is not to be kept."""
    response.headers.update(_HEADERS)
    return response
