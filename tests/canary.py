"""Searches everything that was printed, logged, raised or stored for secrets.

A suite makes up secrets that exist nowhere else, lets the code work with them, and asserts at the
end that none of them leaked::

    assert not leaked([printed.out, printed.err, *told_by(error)], [TOKEN, KEY])
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterable, Iterator

#: This many consecutive characters are a leak: a secret shortened for a log shows about as many.
_ENOUGH = 12


def leaked(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return the secrets that a text contains in part, plain, in base64 or in hexadecimal."""
    text = "\n".join(texts)
    return [
        secret
        for secret in secrets
        if any(piece in text for form in _forms(secret) for piece in _pieces(form))
    ]


def told_by(error: BaseException) -> list[str]:
    """Return everything that printing an exception can show: its traceback, and what it carries."""
    told = [repr(error), *map(str, vars(error).values()), *traceback.format_exception(error)]
    # An exception that was raised `from None` hides the one that was being handled.
    hidden = error.__cause__ is None and error.__suppress_context__
    earlier = error.__cause__ or error.__context__
    return told if hidden or earlier is None else told + told_by(earlier)


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield secret
    yield raw.hex()
    # In a longer text, such as the "project:token" of an Authorization header, a secret may begin
    # at any of the three positions in a base64 group.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        whole = len(encoded) - 4 * ((shift + len(raw)) % 3 > 0)
        yield encoded[4 * (shift > 0) : whole]


def _pieces(form: str) -> Iterator[str]:
    if form:
        for start in range(max(1, len(form) - _ENOUGH + 1)):
            yield form[start : start + _ENOUGH]
