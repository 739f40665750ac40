"""What an answer's headers announce of a rate limit, in the forms that are in use.

::

    X-RateLimit-Limit: 100                       and X-Rate-Limit-*, and the drafts -00 to -06
    X-RateLimit-Remaining: 50                    of draft-ietf-httpapi-ratelimit-headers:
    X-RateLimit-Reset: 5                         RateLimit-Limit: 100, 100;w=60

    RateLimit: limit=100, remaining=50, reset=5  draft -07

    RateLimit: "minute";r=50;t=5, "day";r=4000   from draft -08 on
    RateLimit-Policy: "minute";q=100;w=60, "day";q=5000;w=86400

SignalWire documents none of them. A header is a hint: what cannot be read, or cannot be meant so,
is as good as absent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from hooklog.clock import Clock
from hooklog.pace import Allowance

#: Names of the headers with what is left, with the whole, and with when there is more again.
_FAMILIES = tuple(
    (f"{family}-Remaining", f"{family}-Limit", f"{family}-Reset")
    for family in ("X-RateLimit", "X-Rate-Limit", "RateLimit")
)
#: Characters; nobody announces so much.
_LONGEST_TEXT = 1000
#: Seconds; a period that ends later is no rate limit, but a contract.
_LONGEST_PERIOD = 31 * 86400.0
#: A larger reset is no number of seconds but a moment in Unix time.
_UNIX_TIME = 1e9
#: Seconds by which clocks differ, so that a reset may seem to be over.
_SKEW = 60.0
_COUNT = re.compile(r"[0-9]{1,9}")
_SECONDS = re.compile(r"[0-9]{1,11}(?:\.[0-9]+)?")
#: A separator, and what follows it up to the next one that no quotes enclose.
_PART = re.compile(r'([,;]?)((?:"(?:[^"\\]|\\.)*"|[^",;])*)')


def announced(headers: Mapping[str, str], clock: Clock) -> Allowance | None:
    """Return the scarcest allowance in an answer's headers; None if there is none.

    Args:
        headers: by name in any case.
        clock: to read a reset that is a moment.

    """
    found: Allowance | None = None
    for remaining, limit, reset in _FAMILIES:
        if remaining in headers:
            whole = headers.get(limit, "").partition(",")[0].partition(";")[0]
            until = headers.get(reset, "")
            found = scarcest(found, _allowance(headers[remaining], until, whole, clock))
    if "RateLimit" in headers:
        policies = headers.get("RateLimit-Policy", "")
        for allowance in _combined(headers["RateLimit"], policies, clock):
            found = scarcest(found, allowance)
    return found


def scarcest(one: Allowance | None, other: Allowance | None) -> Allowance | None:
    """Return what is used up first.

    A scarce allowance comes before one that is not, since only a scarce one slows hooklog down;
    then counts the lower rate, and of equal rates what has fewer requests left.
    """
    if one is None or other is None:
        return one or other
    return min(one, other, key=_plenty)


def _plenty(allowance: Allowance) -> tuple[bool, float, int]:
    return not allowance.is_scarce, allowance.rate, allowance.remaining


def _combined(text: str, policies: str, clock: Clock) -> Iterator[Allowance | None]:
    """Read the field ``RateLimit``: of draft -07, a dictionary; later, a list of policies."""
    items = _items(text)
    fields = dict(_pair(name) for name, _ in items)
    if "remaining" in fields:
        reset, whole = fields.get("reset", ""), fields.get("limit", "")
        yield _allowance(fields["remaining"], reset, whole, clock)
        return
    known = dict(_items(policies))
    for name, state in items:
        policy = known.get(name, {})
        # Bytes, or requests at once, are counted, too.
        if policy.get("qu", '"requests"') in {'"requests"', '"request"'}:
            reset = state.get("t") or policy.get("w", "")
            yield _allowance(state.get("r", ""), reset, policy.get("q", ""), clock)


def _allowance(remaining: str, reset: str, whole: str, clock: Clock) -> Allowance | None:
    left, seconds, most = _count(remaining), _seconds(reset, clock), _count(whole)
    if left is None or seconds is None:
        return None
    if most is not None and not 0 < most >= left:
        return None  # More than all is left; or zeros, as some send where there is no limit.
    return Allowance(remaining=left, seconds=seconds, whole=most)


def _count(text: str) -> int | None:
    text = text.strip()
    return int(text) if _COUNT.fullmatch(text) else None


def _seconds(text: str, clock: Clock) -> float | None:
    text = text.strip()
    if not _SECONDS.fullmatch(text):
        return None
    seconds = float(text)
    if seconds > _UNIX_TIME:
        seconds -= clock().timestamp()
    return max(0.0, seconds) if -_SKEW <= seconds <= _LONGEST_PERIOD else None


def _items(text: str) -> list[tuple[str, dict[str, str]]]:
    """Read a list of items with parameters (RFC 9651); a malformed list is an empty one."""
    if len(text) > _LONGEST_TEXT:
        return []
    items: list[tuple[str, dict[str, str]]] = []
    end = 0
    for part in _PART.finditer(text):
        separator, content = part.groups()
        if separator == ";" and items:
            key, value = _pair(content)
            items[-1][1][key] = value
        elif separator == "," or not end:
            items.append((content.strip(), {}))
        end = part.end()
        if end == len(text):
            return items
        if not part.group():
            break  # A quote that nothing closes.
    return []


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.strip().lower(), value.strip()
