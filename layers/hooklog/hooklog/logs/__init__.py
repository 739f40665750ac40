"""The kinds of log that hooklog handles; a new one is a module here, and its name below."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hooklog.logs.fax import FAX
from hooklog.logs.kind import UUID_PATTERN, CallbackFields, LogKind, is_uuid
from hooklog.logs.message import MESSAGE

KINDS: Mapping[str, LogKind] = MappingProxyType({kind.name: kind for kind in (FAX, MESSAGE)})

__all__ = ["FAX", "KINDS", "MESSAGE", "UUID_PATTERN", "CallbackFields", "LogKind", "is_uuid"]
