"""The fields that every kind of log has, as a pydantic model, and the types of its values."""

from __future__ import annotations

import re
from datetime import datetime
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

from hooklog.clock import as_utc

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def _date(value: object) -> object:
    """Refuse what pydantic would take for seconds since 1970, digits in a text included."""
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
#: Units such as pages, in the documented range.
type Count = Annotated[int, BeforeValidator(_number), Field(ge=-(2**31), lt=2**31)]


class ChargeDetail(BaseModel):
    """One line of what was charged, in dollars."""

    description: str
    charge: Charge


class SignalWireLog(BaseModel):
    """A log, with its fields named as in the API.

    Enumerations are plain strings because SignalWire's are open in practice;
    :meth:`LogKind.drift` reports what the specification lacks, and nothing refuses it.
    Nullable fields have a default, because official examples omit some.
    """

    # Unknown fields are kept: they are drift, and drift is stored with the record.
    model_config = ConfigDict(extra="allow", frozen=True)

    #: Statuses that a log does not leave again for one in progress.
    terminal: ClassVar[frozenset[str]]
    #: Terminal statuses that are failures whatever else the log says.
    failed: ClassVar[frozenset[str]]
    #: Name of the field that counts what is charged for, such as pages.
    counted: ClassVar[str]

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
        """What the charge is for, if the log counts it."""
        units: int | None = getattr(self, self.counted)
        return units

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
        """Fields that the specification lacks, with their values."""
        return dict(self.model_extra or {})
