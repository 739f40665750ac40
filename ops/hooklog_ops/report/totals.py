"""The totals of a report, added up record by record in constant memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from hooklog_ops.records import Item, failed_code

#: Upper ends of the classes of lag, in seconds; one more class has what is over the last.
LAGS = (1, 5, 15, 60, 300, 3600)


@dataclass(slots=True)
class Totals:
    """Counts and dollars of a period.

    Attributes:
        outcomes: logs by (day, outcome).
        categories: failed logs by category.
        codes: failed logs by (log type, code or "no code", explanation).
        cost_by_day: dollars by (day, log type).
        cost_by_kind: dollars by a log's attribute ``kind``, or its log type without one: ``sms``,
            ``mms``, ``fax`` …
        countries: logs that ended, by (country of the recipient, outcome).
        lags: logs by index of their class in :data:`LAGS`; those from a list's page have none.

    """

    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    cost_by_day: defaultdict[tuple[str, str], Decimal] = field(
        default_factory=lambda: defaultdict(Decimal)
    )
    cost_by_kind: defaultdict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    countries: Counter[tuple[str, str]] = field(default_factory=Counter)
    lags: Counter[int] = field(default_factory=Counter)

    def add(self, item: Item) -> None:
        """Count one record; a parked message without a record does not count."""
        if "outcome" not in item:
            return
        day, outcome, log_type = item["created_at"][:10], item["outcome"], item["log_type"]
        self.outcomes[day, outcome] += 1
        charge = Decimal(item.get("charge", 0))
        self.cost_by_day[day, log_type] += charge
        self.cost_by_kind[item.get("kind", log_type)] += charge
        if "lag_ms" in item:
            seconds = item["lag_ms"] / 1000
            self.lags[next((i for i, end in enumerate(LAGS) if seconds <= end), len(LAGS))] += 1
        if outcome == "failed":
            self.categories[item["category"]] += 1
            code = failed_code(item) or "no code"
            self.codes[log_type, code, item["explanation"]] += 1
        if outcome != "in_progress":
            self.countries[item.get("to_country", "unknown"), outcome] += 1

    @property
    def total(self) -> int:
        """The number of records."""
        return self.outcomes.total()

    def of(self, outcome: str) -> int:
        """Return the number of records with an outcome."""
        return sum(count for (_, one), count in self.outcomes.items() if one == outcome)

    @property
    def cost(self) -> Decimal:
        """Dollars in all."""
        return sum(self.cost_by_kind.values(), Decimal(0))
