"""What it costs to store the logs that a backfill found, at AWS's list prices."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources
from typing import Final

from hooklog.logs import KINDS
from hooklog.sweep.comparison import WANTED, Verdict
from hooklog_ops.formatting import dollars

_FILE: Final = resources.files("hooklog_ops") / "prices.toml"
#: A row has less than 4 kB, and a read that is eventually consistent costs half a unit.
_UNITS_PER_READ: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Dollars, by what they pay for.

    Attributes:
        writes: one unit per row: that of a log, and that of a fax's SID. A log without a row also
            costs one per optional index.
        reads: the row of each log that is compared.
        functions: invocations and time of Lambda.
        as_of: the day on which the list prices were looked up.

    """

    writes: float
    reads: float
    functions: float
    as_of: str

    @property
    def total(self) -> float:
        """The sum."""
        return self.writes + self.reads + self.functions

    def __str__(self) -> str:
        """Say what it costs, and what that covers."""
        return (
            f"Storing them costs about {_amount(self.total)}, at AWS's list prices for us-east-1 of"
            f" {self.as_of}: {_amount(self.writes)} to write rows, {_amount(self.reads)} to read"
            f" them, and at least {_amount(self.functions)} for Lambda, which is what a count costs"
            " on arm64. Not covered: the logs that have to go on the queue, the index of failures,"
            " log lines and storage."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionUse:
    """What a function was used for: how often, for how long, and with how much memory."""

    invocations: int
    seconds: float
    memory_mb: int


def price(found: Mapping[str, Mapping[str, int]], use: FunctionUse, *, indexes: int) -> Price:
    """Price the logs that were found, by kind and verdict.

    Args:
        found: logs by kind and verdict.
        use: of Lambda.
        indexes: the number of optional indexes that the table has.

    """
    prices = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    writes = reads = 0.0
    for log_type, counts in found.items():
        missing = counts.get(Verdict.MISSING, 0)
        writes += sum(counts.get(verdict, 0) for verdict in WANTED)
        writes += missing * (KINDS[log_type].has_sid + indexes)
        reads += sum(counts.values()) - counts.get(Verdict.UNREADABLE, 0)
    memory_gb = use.memory_mb / 1024
    return Price(
        writes=writes * prices["dynamodb"]["write_unit"],
        reads=reads * _UNITS_PER_READ * prices["dynamodb"]["read_unit"],
        functions=use.invocations * prices["lambda"]["request"]
        + use.seconds * memory_gb * prices["lambda"]["arm_gb_second"],
        as_of=str(prices["as_of"]),
    )


def _amount(amount: float) -> str:
    """Write cents, and of less than a dollar also parts of them."""
    return dollars(Decimal(f"{amount:.{2 if amount >= 1 else 4}f}"))
