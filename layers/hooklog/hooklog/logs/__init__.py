"""The kinds of log that hooklog handles; a new one is a module here and a line below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hooklog.logs.base import ChargeDetail, LogKind, SignalWireLog
from hooklog.logs.fax import FAX, FaxLog
from hooklog.logs.message import MESSAGE, MessageLog

KINDS: Mapping[str, LogKind] = MappingProxyType({kind.name: kind for kind in (FAX, MESSAGE)})

__all__ = [
    "FAX",
    "KINDS",
    "MESSAGE",
    "ChargeDetail",
    "FaxLog",
    "LogKind",
    "MessageLog",
    "SignalWireLog",
]
