"""The fax resource of the compatibility API: what became of a fax, where its log is of the call.

Each fax log whose `url` ends in a SID has a resource, which is derived from it:

    log       queued, initiated  ringing     in-progress  completed  completed, with an error
    resource  queued             processing  sending      delivered  failed

A received fax is receiving and received. Every other status is the same in both.
"""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from local.space import paging, values
from local.space.model import instant, is_uuid, resource_sid
from local.space.payloads import API_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from yarl import URL

    from local.space.model import Json, Log, Space

_SECONDS_PER_PAGE = 60
_WORDS = {"initiated": "queued", "ringing": "processing"}
_OUTBOUND = {"in-progress": "sending", "completed": "delivered"}
_ERRORS = ("error_code", "error_message")
#: Without zeros, as in FreeSWITCH's result 0 with the text "OK".
_NONE = frozenset({"", "ok", "success"})
_INBOUND = {"in-progress": "receiving", "completed": "received"}
_CREATED_AFTER, _CREATED_UNTIL = "DateCreatedAfter", "DateCreatedOnOrBefore"
_NUMBERS = {"From": "from", "To": "to"}
_NAMES = paging.Names("Page", "PageSize", "PageToken", (_CREATED_AFTER, _CREATED_UNTIL, *_NUMBERS))


class FaxResources:
    """The fax resources of a space: derived from its logs, unless they are changed or deleted.

    SIDs compare without case.
    """

    def __init__(self, space: Space, project_id: str) -> None:
        """Derive them from the logs of a space of this project."""
        self._space = space
        self._project_id = project_id
        self._changes: dict[str, Log] = {}
        self._deleted: set[str] = set()

    def put(self, sid: str, fields: Log) -> None:
        """Replace these fields of a derived resource, instead of those replaced before.

        A deleted resource exists again. The fields are not checked, and may be put before the log.
        Raises ValueError for a SID that is not a UUID.
        """
        sid = _checked(sid)
        # A copy, or the caller could change the resource later.
        self._changes[sid] = copy.deepcopy(fields)
        self._deleted.discard(sid)

    def delete(self, sid: str) -> None:
        """Delete a resource, which its log survives; raises ValueError if the SID is no UUID."""
        self._deleted.add(_checked(sid))

    def get(self, account_sid: str, sid: str) -> Log | None:
        """Return a resource, None if it is unknown, deleted or of another account.

        Its accounts are the space's project and the account in its log's `url`, which generated
        logs have in common.
        """
        log = self._space.log_of("fax", sid)
        if log is None or not self._exists(log):
            return None
        accounts = {self._project_id.lower(), _account_sid(log).lower()}
        return self._resource(log) if account_sid.lower() in accounts else None

    def page(self, account_sid: str, url: URL) -> dict[str, Json] | None:
        """Answer a request for the list, by its absolute URL; None for any account but the project.

        The list has all resources of the space in the order of their logs, also of deleted logs.
        `DateCreatedAfter` and `DateCreatedOnOrBefore` go by the time of the log, `From` and `To` by
        the fields of the resource. A date stands for the whole day in UTC.
        Raises InvalidParameterError for an invalid parameter.
        """
        if account_sid.lower() != self._project_id.lower():
            return None
        numbers = {field: url.query[name] for name, field in _NUMBERS.items() if name in url.query}
        logs = self._space.logs("fax")

        def shows(log_id: str) -> bool:
            # Without deriving the resource: the fax of a rare number may be far down the list.
            log = logs[log_id]
            changed = self._changed(log)
            fits = all(changed.get(name, log.get(name)) == numbers[name] for name in numbers)
            return fits and self._exists(log)

        found = paging.page(self._space, "fax", url, _NAMES, _period(url.query), shows)
        uris = {name: str(link.relative()) for name, link in found.links.items()}
        return {
            "uri": uris["self"],
            "first_page_uri": uris["first"],
            "next_page_uri": uris.get("next"),
            "previous_page_uri": uris.get("prev"),
            "page": found.number,
            "page_size": found.size,
            "faxes": [self._resource(logs[log_id]) for log_id in found.ids],
        }

    def _exists(self, log: Log) -> bool:
        """Return whether a log has a resource; of several with one SID, the log put last has it."""
        sid = resource_sid(log)
        is_last = self._space.log_of("fax", sid) is log
        return is_last and is_uuid(sid) and sid.lower() not in self._deleted

    def _changed(self, log: Log) -> Log:
        return self._changes.get(resource_sid(log).lower(), {})

    def _resource(self, log: Log) -> Log:
        return derived(log) | self._changed(log)


def derived(log: Log) -> Log:
    """Return the resource that agrees with a log, whose `url` has to end in a SID.

    The log has no duration; a page counts as a minute, as in the charge of a generated log.
    """
    sid, path, pages = resource_sid(log), urlsplit(str(log["url"])).path, log.get("number_of_pages")
    medium = values.medium_sid(sid)
    duration = pages * _SECONDS_PER_PAGE if isinstance(pages, int) else 0
    created = str(log["created_at"])
    updated = values.timestamp(instant(created) + timedelta(seconds=duration))
    return {
        "sid": sid,
        "account_sid": _account_sid(log),
        "api_version": API_VERSION,
        "date_created": created,
        "date_updated": updated if duration else created,
        "direction": "inbound" if log.get("direction") == "inbound" else "outbound",
        "from": log.get("from"),
        "to": log.get("to"),
        "status": _status(log),
        "error_code": log.get("error_code"),
        "error_message": log.get("error_message"),
        "num_pages": None if pages is None else str(pages),
        "price": _price(log.get("charge")),
        "price_unit": "USD",
        "quality": log.get("quality"),
        "duration": duration,
        "media_sid": medium,
        "media_url": None if pages is None else f"{log['url']}/Media/{medium}",
        "links": {"media": f"{path}/Media"},
        "url": path,
    }


def _period(parameters: Mapping[str, str]) -> paging.Period:
    start, end = paging.ALWAYS
    if _CREATED_AFTER in parameters:
        _, start = paging.span(parameters, _CREATED_AFTER)
    if _CREATED_UNTIL in parameters:
        _, end = paging.span(parameters, _CREATED_UNTIL)
    return start, end


def _status(log: Log) -> Json:
    status = log.get("status")
    if not isinstance(status, str):
        return status
    errors = (str(log.get(name) or "").strip("0").casefold() for name in _ERRORS)
    if status == "completed" and not _NONE.issuperset(errors):
        return "failed"
    ends = _INBOUND if log.get("direction") == "inbound" else _OUTBOUND
    return (_WORDS | ends).get(status, status)


def _price(charge: Json) -> str | None:
    """Return a charge as the resource has it: negative, and null where there is none."""
    try:
        price = Decimal(str(charge))
    except InvalidOperation:
        return None
    return f"{-price:f}" if price.is_finite() and price else None


def _account_sid(log: Log) -> str:
    """Return the account in `…/Accounts/{AccountSid}/Faxes/{Sid}`; empty without one."""
    head, _, _ = str(log["url"]).rpartition("/Faxes/")
    return head.rpartition("/")[2]


def _checked(sid: str) -> str:
    if not is_uuid(sid):
        raise ValueError(f"a fax resource needs a UUID as its sid, not {sid!r}")
    return sid.lower()
