"""Keep other pages and other machines from using the console through the operator's browser.

The console listens on the loopback interface only. A page of another site could still send requests
there, or point its own name to that address (DNS rebinding). The Host header reveals a foreign
name, Origin and Sec-Fetch-Site reveal a foreign page, and a request that changes something also
needs a token.
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


class RefusedError(Exception):
    """A request is refused; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """Admits or refuses requests.

    Attributes:
        port: that the console listens on.
        token: random at each start; every form that changes something carries it.
        allow_actions: whether requests may change anything.

    """

    port: int
    token: str
    allow_actions: bool

    def check(self, request: Request) -> None:
        """Admit a request.

        Raises:
            RefusedError: it uses a foreign name, or changes something without permission.

        """
        hosts = (f"127.0.0.1:{self.port}", f"localhost:{self.port}")
        if request.headers.get("Host") not in hosts:
            raise RefusedError(f"This console answers only as {hosts[0]}.")
        if request.method not in {"GET", "HEAD"}:
            self._check_change(request)

    def _check_change(self, request: Request) -> None:
        own = f"http://{request.headers['Host']}"
        if request.headers.get("Origin") != own or is_foreign(request):
            raise RefusedError("This request was not sent by the console's own page.")
        if not self.allow_actions:
            raise RefusedError(
                "This console only reads. Start it with --allow-actions to act from here."
            )
        if not hmac.compare_digest(request.form.get("token", "").encode(), self.token.encode()):
            raise RefusedError(
                "The page was loaded before the console's last start. Load it again."
            )


def is_foreign(request: Request) -> bool:
    """Return whether the browser says that another site's page sent this; old ones say nothing."""
    return request.headers.get("Sec-Fetch-Site", "none") not in {"none", "same-origin"}


def harden(response: Response) -> Response:
    """Tell the browser what the page may do, and that it must not store it."""
    response.headers.update(_HEADERS)
    return response
