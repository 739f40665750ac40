"""What SignalWire says of a log at this moment, beside what is stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from pydantic import ValidationError

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import SecretCredentials
from hooklog.catalogue import CATALOGUE
from hooklog.clock import utc_now
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import HooklogError
from hooklog.logs import LogKind
from hooklog.parsing import describe
from hooklog.records.enrichment import enrich
from hooklog.records.items import attribute_names, record_attributes
from hooklog_ops.deployment import Deployment
from hooklog_ops.problems import advised
from hooklog_ops.records import Item

#: Seconds that a person waits.
_PATIENCE = 20.0
#: Differ at each fetch, or say where the row is kept and not what the log is.
_NOT_OF_THE_LOG = frozenset(
    {"fetched_at", "lag_ms", "resolved_by", "expires_at", "failed_on", "number", "day"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An attribute that is stored otherwise than SignalWire has it now; None is none."""

    name: str
    stored: object
    now: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Fresh:
    """The answer of SignalWire.

    Attributes:
        log: as the API gave it; None if it gave none.
        error: why there is none, or why it cannot be read.
        differences: from the stored record, by attribute.

    """

    log: Mapping[str, object] | None = None
    error: str | None = None
    differences: tuple[Difference, ...] = ()


def api(stack: Deployment) -> SignalWireApi:
    """Make a client of the space that the deployed function asks, with its credentials.

    Raises:
        SettingsError: the function's settings cannot be read.

    """
    settings = EnrichSettings.load(stack.variables("EnrichFunctionName"))
    return SignalWireApi(
        settings.signalwire_url,
        SecretCredentials(lambda: stack.secrets, settings.signalwire_secret_arn),
        connections=1,
        connect_timeout=settings.fetch_connect_timeout,
        read_timeout=settings.fetch_read_timeout,
    )


def fetch(stack: Deployment, kind: LogKind, log_id: str, stored: Item | None) -> Fresh:
    """Ask SignalWire for a log now, and compare it with the stored record."""
    now = utc_now()
    try:
        body = api(stack).get(f"{kind.path}/{log_id}", _PATIENCE)
        log = kind.model.model_validate_json(body)
    except HooklogError as error:
        return Fresh(error=f"{error.code}: {advised(error)}")
    except ValidationError as error:
        return Fresh(error=f"The log cannot be read: {describe(error)}.")
    record = enrich(kind, log, catalogue=CATALOGUE, sent_at=now, fetched_at=now)
    return Fresh(
        log=json.loads(body, parse_float=Decimal),
        differences=_differences(kind, stored, record_attributes(record)) if stored else (),
    )


def _differences(kind: LogKind, stored: Item, now: Mapping[str, object]) -> tuple[Difference, ...]:
    names = {*now, *attribute_names(kind)} - _NOT_OF_THE_LOG
    return tuple(
        Difference(name=name, stored=stored.get(name), now=now.get(name))
        for name in sorted(names)
        if stored.get(name) != now.get(name)
    )
