"""What hooklog knows of one kind of log; a new kind is one of these, in a module of its own.

This module and those of the kinds load no pydantic: the webhook function reads the callback fields,
and SignalWire waits while that function starts. A kind's model is therefore defined at first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hooklog.logs.model import SignalWireLog

#: The form of SignalWire's IDs, in lower case; they occur in either case.
UUID_PATTERN = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_UUID = re.compile(UUID_PATTERN, re.IGNORECASE)
_URL = re.compile(r"https?://\S")


def is_uuid(text: str) -> bool:
    """Return whether a text has the form of SignalWire's IDs, in either case."""
    return _UUID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackFields:
    """Where one form of status callback says what.

    Attributes:
        content: how the callback is encoded; a form may also be the query of a GET.
        log_id: field with the log's own ID.
        resource_sid: field with the LaML SID, where that is not the log's ID.
        status: field with the status.
        error_code: field with the code of a failure.
        occurred_at: field with the time of the event.

    """

    content: Literal["json", "form"]
    log_id: str = ""
    resource_sid: str = ""
    status: str
    error_code: str = ""
    occurred_at: str

    @property
    def id_field(self) -> str:
        """The field that identifies this form of callback."""
        return self.log_id or self.resource_sid


@dataclass(frozen=True, kw_only=True, eq=False)
class LogKind:
    """Everything that is particular to one kind of log.

    Attributes:
        name: the ``log_type`` of queue messages, keys and metrics.
        plural: of the name, for people.
        unit: what is charged for, for people: ``page``.
        path: of the list endpoint; one log is at ``{path}/{id}``.
        define_model: returns a new model class; use :attr:`model`.
        progress: rank of each status on a log's way, the callbacks' words included; a status
            of a higher rank is later. Terminal ones rank highest.
        end: lowest rank of the terminal ones.
        documented: the values that the specification lists, one set per field.
        callbacks: the forms of status callback that are about this kind of log.
        details: attributes of a record that only this kind has, in the order in which people
            read them.
        colour: of this kind in charts, as ``#rrggbb``.
        texts_tell_more: whether the catalogue knows this kind's error texts, which then tell
            more than the codes do.
        call_ends: terminal statuses that tell the end of a call, and not how the fax that it
            carried ended.
        resource_path: of the resource that tells how it ended, with ``account_id`` and ``sid``.

    """

    name: str
    plural: str
    unit: str
    path: str
    define_model: Callable[[], type[SignalWireLog]]
    progress: Mapping[str, int]
    end: int
    documented: Mapping[str, frozenset[str]]
    callbacks: Sequence[CallbackFields]
    details: Sequence[str]
    colour: str
    texts_tell_more: bool = False
    call_ends: frozenset[str] = frozenset()
    resource_path: str = ""

    @cached_property
    def model(self) -> type[SignalWireLog]:
        """What a log must look like."""
        return self.define_model()

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """The API's name of each of the model's fields."""
        return {name: info.alias or name for name, info in self.model.model_fields.items()}

    @cached_property
    def _optional(self) -> frozenset[str]:
        """The API's names of the fields that may be absent."""
        infos = self.model.model_fields
        return frozenset(
            self.fields[name] for name, info in infos.items() if not info.is_required()
        )

    @cached_property
    def has_sid(self) -> bool:
        """Whether callbacks name a SID that is not the log's ID."""
        return any(fields.resource_sid for fields in self.callbacks)

    def alias_key(self, log_id: str, sid: str) -> str | None:
        """Return the key under a log's SID, if others name the log by it and it is not its ID."""
        is_other = self.has_sid and sid.lower() != log_id.lower()
        return self.key(sid.lower()) if is_other and is_uuid(sid) else None

    def key(self, log_id: str) -> str:
        """Return the table's partition key of a log of this kind."""
        return f"{self.name}#{log_id}"

    def is_behind(self, status: str, announced: str | None) -> bool:
        """Return whether a log of that status has not yet reached the one announced.

        Words that neither the API nor the callbacks document say nothing about order.
        """
        if announced is None or announced not in self.progress or status not in self.progress:
            return False
        return self.progress[status] < self.progress[announced]

    def goes_on(self, status: str | None) -> bool:
        """Return whether a log of that status is known to have more to come."""
        return status is not None and self.progress.get(status, self.end) < self.end

    def drift(self, log: SignalWireLog) -> list[str]:
        """Name each departure from the specification, as ``what:field``, sorted."""
        present = {self.fields[name] for name in log.model_fields_set if name in self.fields}
        missing = [f"missing:{name}" for name in self._optional - present]
        fields = [f"field:{name}" for name in log.unknown_fields]
        values = [
            f"value:{name}"
            for name, known in self.documented.items()
            if (value := getattr(log, name)) is not None and value not in known
        ]
        if log.url is not None and not _URL.match(log.url):
            values.append("value:url")
        return sorted(missing + fields + values + list(log.departures))
