"""What all kinds of log share: the model's common fields and the kind's own knowledge."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
)

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_URL = re.compile(r"https?://\S")


def as_utc(moment: datetime) -> datetime:
    """SignalWire documents UTC; a time without a zone is not worth losing a log."""
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        # Within a zone's offset of the years 1 and 9999. Pydantic wants a ValueError.
        raise ValueError("not a time in UTC") from None


def _date(value: object) -> object:
    """Refuse what pydantic would take for the seconds since 1970, digits in a text included."""
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE.match(value)):
        raise ValueError("not a date and time")
    return value


def _number(value: object) -> object:
    """Refuse what pydantic would turn into a number: texts, and true and false."""
    if isinstance(value, bool | str):
        raise ValueError("not a number")  # noqa: TRY004 - pydantic wants a ValueError
    return value


type Moment = Annotated[datetime, BeforeValidator(_date), AfterValidator(as_utc)]
#: Dollars. The bounds only keep out what DynamoDB cannot hold as a number.
type Charge = Annotated[Decimal, BeforeValidator(_number), Field(gt=-(10**9), lt=10**9)]
#: Pages or segments, in the documented range.
type Count = Annotated[int, BeforeValidator(_number), Field(ge=-(2**31), lt=2**31)]


class ChargeDetail(BaseModel):
    """One line of what was charged, in dollars."""

    description: str
    charge: Charge


class SignalWireLog(BaseModel):
    """The fields that every kind of log has, named as in the API.

    Enumerations are plain strings here because SignalWire's are open in practice; what is
    not in the specification is reported by :meth:`LogKind.drift`, never refused.
    Nullable fields have a default, because official examples omit some.
    """

    # Unknown fields are kept: they are drift, and drift is stored with the record.
    model_config = ConfigDict(extra="allow", frozen=True)

    #: Statuses that a log does not leave again for one in progress.
    terminal: ClassVar[frozenset[str]]
    #: Terminal statuses that are failures whatever else the log says.
    failed: ClassVar[frozenset[str]]

    id: str
    status: str
    source: str
    type: str
    charge: Charge
    charge_details: list[ChargeDetail]
    created_at: Moment
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    direction: str | None = None
    url: str | None = None
    error_code: str | None = None
    error_message: str | None = None

    @property
    def units(self) -> int | None:
        """What the charge is for: pages or segments, if the log counts them."""
        return None

    @property
    def is_terminal(self) -> bool:
        """Whether the log has reached its end."""
        return self.status in self.terminal

    @property
    def has_error(self) -> bool:
        """Whether the log names an error; blank strings and the fax text "OK" name none."""
        texts = ((self.error_code or "").strip(), (self.error_message or "").strip())
        return any(text and text.casefold() != "ok" for text in texts)

    @property
    def unknown_fields(self) -> dict[str, JsonValue]:
        """Fields that the specification does not have, with their values."""
        return dict(self.model_extra or {})


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogKind:
    """All that hooklog knows of one kind of log. A new kind is one of these.

    Attributes:
        name: the ``log_type`` of queue messages, keys and metrics.
        path: of the list endpoint; one log is at ``{path}/{id}``.
        model: what a log must look like.
        progress: rank of each status on a log's way, the callbacks' words included; a status
            of a higher rank is later. Terminal ones rank highest.
        documented: the values that the specification lists, a set a field.
        texts_tell_more: whether the catalogue knows this kind's error texts, which then tell
            more than the codes do.
        fields: the API's name of each of the model's fields.

    """

    name: str
    path: str
    model: type[SignalWireLog]
    progress: Mapping[str, int]
    documented: Mapping[str, frozenset[str]]
    texts_tell_more: bool = False
    fields: Mapping[str, str] = field(init=False)
    _nullable: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        """Derive what the model already says."""
        infos = self.model.model_fields
        fields = {name: info.alias or name for name, info in infos.items()}
        optional = {fields[name] for name, info in infos.items() if not info.is_required()}
        object.__setattr__(self, "fields", fields)
        object.__setattr__(self, "_nullable", frozenset(optional))

    def key(self, log_id: str) -> str:
        """Return the table's partition key of a log of this kind."""
        return f"{self.name}#{log_id}"

    def is_behind(self, status: str, announced: str | None) -> bool:
        """Whether a log of that status has not yet reached the one announced.

        Words that neither the API nor the callbacks document say nothing about order.
        """
        if announced is None or announced not in self.progress or status not in self.progress:
            return False
        return self.progress[status] < self.progress[announced]

    def drift(self, log: SignalWireLog) -> list[str]:
        """Name each departure from the specification, as ``what:field``, sorted."""
        present = {self.fields[name] for name in log.model_fields_set if name in self.fields}
        missing = [f"missing:{name}" for name in self._nullable - present]
        fields = [f"field:{name}" for name in log.unknown_fields]
        values = [
            f"value:{name}"
            for name, known in self.documented.items()
            if (value := getattr(log, name)) is not None and value not in known
        ]
        if log.url is not None and not _URL.match(log.url):
            values.append("value:url")
        return sorted(missing + fields + values)
