"""Ask SignalWire for a log now, and compare it with the stored record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from hooklog.adapters.signalwire import api
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import HooklogError
from hooklog.logs import LogKind
from hooklog.parsing import read_answer
from hooklog.records.enrichment import enrich, weigh
from hooklog.records.items import attribute_names, record_attributes
from hooklog.records.rows import Row
from hooklog_ops.deployment import Deployment
from hooklog_ops.errors import describe
from hooklog_ops.records import Item

#: Seconds to wait for an answer.
_PATIENCE = 20.0
#: Attributes of the fetch, not of the log: they differ each time.
_OF_THE_FETCH = frozenset({"fetched_at", "lag_ms", "resolved_by"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An attribute whose stored value is not SignalWire's; None means that it is absent."""

    name: str
    stored: object
    now: object


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """SignalWire's answer.

    Attributes:
        log: as the API returned it; None if it returned none.
        error: why there is no log, or why it cannot be read.
        differences: from the stored record, by attribute.

    """

    log: Mapping[str, object] | None = None
    error: str | None = None
    differences: tuple[Difference, ...] = ()


def connect(stack: Deployment) -> api.SignalWireApi:
    """Return a client with the space, the credentials and the timeouts of the deployed function.

    Raises:
        SettingsError: the function's settings cannot be read.

    """
    settings = EnrichSettings.load(stack.variables("EnrichFunctionName"))
    return api.connect(settings, lambda: stack.secrets, connections=1)


def fetch(stack: Deployment, kind: LogKind, log_id: str, stored: Item | None) -> FetchResult:
    """Fetch a log, and compare it with the stored record if there is one.

    What others told of its end is taken from the record: it stays when the log is fetched again.
    """
    now = utc_now()
    try:
        body = connect(stack).get(f"{kind.path}/{log_id}", _PATIENCE)
        log = read_answer(body, kind.model.read)
    except HooklogError as error:
        return FetchResult(error=f"{error.code}: {describe(error)}")
    record = enrich(kind, log, catalogue=CATALOGUE, sent_at=now, fetched_at=now)
    if stored is not None:
        row = Row.of(stored["pk"], stored, names=frozenset(stored))
        record = weigh(record, row.signal, is_last=not row.unsettled)
    return FetchResult(
        log=json.loads(body, parse_float=Decimal),
        differences=_differences(kind, stored, record_attributes(record)) if stored else (),
    )


def _differences(kind: LogKind, stored: Item, now: Mapping[str, object]) -> tuple[Difference, ...]:
    return tuple(
        Difference(name=name, stored=stored.get(name), now=now.get(name))
        for name in sorted({*attribute_names(kind)} - _OF_THE_FETCH)
        if stored.get(name) != now.get(name)
    )
