"""The search for secrets in whatever was printed, logged, raised or stored.

A suite makes up secrets that exist nowhere else, lets the code work with them, and asks at the
end for what of them came out::

    assert not leaked([printed.out, printed.err, *told_by(error)], [TOKEN, KEY])
"""

from __future__ import annotations

import base64
import traceback
from collections.abc import Iterable, Iterator

#: This many consecutive characters are a leak: a secret that is shortened for a log shows as many.
_ENOUGH = 12


def leaked(texts: Iterable[str], secrets: Iterable[str]) -> list[str]:
    """Return the secrets of which a text shows a part, plain, in base64 or in hexadecimal."""
    text = "\n".join(texts)
    return [
        secret
        for secret in secrets
        if any(piece in text for form in _forms(secret) for piece in _pieces(form))
    ]


def told_by(error: BaseException) -> list[str]:
    """Return all that an exception tells who prints it: its traceback, and what it carries."""
    told = [repr(error), *map(str, vars(error).values()), *traceback.format_exception(error)]
    # Raised `from None`, an exception keeps to itself what it was raised in the handling of.
    hidden = error.__cause__ is None and error.__suppress_context__
    earlier = error.__cause__ or error.__context__
    return told if hidden or earlier is None else told + told_by(earlier)


def _forms(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield secret
    yield raw.hex()
    # Within a longer text, such as the "project:token" of an Authorization header, a secret may
    # begin at any of three places of base64's groups.
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + raw).decode()
        whole = len(encoded) - 4 * ((shift + len(raw)) % 3 > 0)
        yield encoded[4 * (shift > 0) : whole]


def _pieces(form: str) -> Iterator[str]:
    if form:
        for start in range(max(1, len(form) - _ENOUGH + 1)):
            yield form[start : start + _ENOUGH]
