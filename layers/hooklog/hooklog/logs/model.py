"""The fields that every kind of log has, as a pydantic model, and the types of its values.

Values are taken as telephony APIs really send them: an error code may be a number, a charge may be
a text or null or carry the noise of a binary fraction, a text may contain half of a surrogate pair,
a date may have the form that mail has. Such a departure is noted and never costs the log.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PrivateAttr,
    StringConstraints,
)

from hooklog.clock import as_utc
from hooklog.logs.kind import UUID_PATTERN
from hooklog.parsing import parse, parse_readable

_DATE = re.compile(r"\d{4}-\d\d-\d\d")
#: Digits without a plus sign, an exponent or spaces: ``-0.00750``.
_PLAIN = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


def _date(value: object) -> object:
    """Read dates of RFC 2822; refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, str) and not _DATE.match(value):
        return datetime.strptime(value, "%a, %d %b %Y %H:%M:%S %z")
    if isinstance(value, int | float):
        raise ValueError("not a date and time")  # noqa: TRY004 - pydantic wants a ValueError
    return value


def _number(value: object) -> object:
    """Take a text for its number if it is a plain one; refuse all others, and true and false."""
    if isinstance(value, bool) or (isinstance(value, str) and not _PLAIN.fullmatch(value)):
        raise ValueError("not a number")
    return value


def _text(value: object) -> object:
    """Write a whole number as a text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _to_micro_dollars(value: Decimal) -> Decimal:
    """Round away the noise of binary fractions; no charge has more than five places."""
    # Without trailing zeros, and without an exponent, which the sum with 0 takes away.
    return value.quantize(MICRO_DOLLAR).normalize() + 0


#: Levels of lists and objects in one field.
_DEEPEST = 200
#: Dollars; a hundredth of the smallest documented charge, 0.00005.
MICRO_DOLLAR = Decimal("0.000001")

#: A log ID becomes part of a URL path, so only a UUID is accepted; it is stored in lower case.
type LogId = Annotated[str, StringConstraints(to_lower=True, pattern=f"(?i)^{UUID_PATTERN}$")]
type Moment = Annotated[datetime, BeforeValidator(_date), AfterValidator(as_utc)]
#: Dollars. The bounds only keep out what DynamoDB cannot hold as a number.
type Charge = Annotated[
    Decimal,
    BeforeValidator(_number),
    Field(gt=-(10**9), lt=10**9),
    AfterValidator(_to_micro_dollars),
]
#: A number is taken for its digits.
type ErrorCode = Annotated[str, BeforeValidator(_text)]
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
    #: Fields, as the API names them, that may be null in practice although the specification
    #: promises a value.
    promised: ClassVar[frozenset[str]] = frozenset({"charge", "charge_details"})

    id: str
    status: str
    source: str
    type: str
    charge: Charge | None = None
    charge_details: list[ChargeDetail] | None = None
    created_at: Moment
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    direction: str | None = None
    url: str | None = None
    error_code: ErrorCode | None = None
    error_message: str | None = None

    _departures: tuple[str, ...] = PrivateAttr(default=())

    @classmethod
    def read(cls, content: dict[str, JsonValue]) -> Self:
        """Validate a log.

        Raises:
            ValidationError: the content does not fit the model.
            ValueError: the content is nested too deeply.

        """
        departures = []
        if isinstance(content.get("error_code"), int):
            departures.append("type:error_code")
        if not _DATE.match(str(content.get("created_at"))):
            departures.append("type:created_at")
        numbers = ("charge", cls.counted)
        departures += [f"type:{name}" for name in numbers if isinstance(content.get(name), str)]
        if _has_text_for_a_charge(content.get("charge_details")):
            departures.append("type:charge_details")
        for name, value in content.items():
            # NaN is the only value that differs from itself.
            if (clean := _without_surrogates(value)) is not value and clean != value:
                content = {**content, name: clean}
                departures.append(f"text:{name}")
        log = parse(content, cls)
        log._departures = tuple(departures)  # noqa: SLF001 - its own
        return log

    @property
    def departures(self) -> tuple[str, ...]:
        """Values that were corrected while they were read, as ``what:field``."""
        nulls = [
            f"type:{info.alias or name}"
            for name, info in type(self).model_fields.items()
            if (info.alias or name) in self.promised
            and name in self.model_fields_set
            and getattr(self, name) is None
        ]
        return (*self._departures, *nulls)

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
        """Whether the log names an error."""
        return names_error(self.error_code, self.error_message)

    @property
    def unknown_fields(self) -> dict[str, JsonValue]:
        """Fields that the specification lacks, with their values."""
        return dict(self.model_extra or {})


class FaxResource(BaseModel):
    """What hooklog uses of the fax resource, which tells how a fax itself ended.

    ``GET /api/laml/2010-04-01/Accounts/{AccountSid}/Faxes/{Sid}``; numbers may be texts.
    """

    status: str = ""
    error_code: ErrorCode | None = None
    error_message: str | None = None
    #: Seconds.
    duration: Count | None = None

    @classmethod
    def read(cls, content: Mapping[str, JsonValue]) -> Self:
        """Read a resource; a value that cannot be read is not set.

        Raises:
            ValueError: the content is nested too deeply.

        """
        fields = {
            name: _without_surrogates(content[name]) for name in cls.model_fields if name in content
        }
        return parse_readable(fields, cls)


def names_error(code: str | None, message: str | None) -> bool:
    """Return whether a code or a text names an error.

    Blank texts name none, and neither do results that stand for success: FreeSWITCH's 0 with its
    text "OK", or a carrier's 000 with the text "SUCCESS".
    """
    texts = ((code or "").strip(), (message or "").strip())
    return any(text.strip("0").casefold() not in {"", "ok", "success"} for text in texts)


def _has_text_for_a_charge(details: JsonValue) -> bool:
    return isinstance(details, list) and any(
        isinstance(detail, dict) and isinstance(detail.get("charge"), str) for detail in details
    )


def _without_surrogates(value: JsonValue, depth: int = 0) -> JsonValue:
    """Replace halves of surrogate pairs, which no encoding can express.

    Raises:
        ValueError: the value is nested too deeply to be written as JSON again.

    """
    if depth > _DEEPEST:
        raise ValueError("nested too deeply")
    match value:
        case str():
            return value if value.isascii() else _replaced(value)
        case list():
            return [_without_surrogates(item, depth + 1) for item in value]
        case dict():
            return {
                _replaced(name): _without_surrogates(item, depth + 1)
                for name, item in value.items()
            }
        case _:
            return value


def _replaced(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
