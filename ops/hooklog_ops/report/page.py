"""The page itself: sums and charts in their places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hooklog.catalogue import CATALOGUE
from hooklog_ops.records import Period
from hooklog_ops.report import charts
from hooklog_ops.report.sums import LAGS, Sums

_MOST_FAILURES = 15
_MOST_COUNTRIES = 20
_OUTCOMES = {"succeeded": "succeeded", "failed": "failed", "in_progress": "in progress"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Failure:
    code: str
    log_type: str
    cause: str
    advice: str
    count: int
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    country: str
    ended: int
    succeeded: float


def page(sums: Sums, period: Period, written: datetime) -> str:
    """Write the report as HTML that loads nothing from anywhere."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    days = sorted({f"{day:%Y-%m-%d}" for day in period.days()})
    return environment.get_template("page.html.jinja").render(
        since=f"{period.since:%Y-%m-%d %H:%M}",
        until=f"{period.until:%Y-%m-%d %H:%M}",
        written=f"{written:%Y-%m-%d %H:%M} UTC",
        sums=sums,
        charts=_charts(sums, days) if sums.total else {},
        failures=_failures(sums),
        countries=_countries(sums),
    )


def _charts(sums: Sums, days: list[str]) -> dict[str, str]:
    outcomes = {
        words: [float(sums.outcomes[day, outcome]) for day in days]
        for outcome, words in _OUTCOMES.items()
    }
    types = sorted({log_type for _, log_type in sums.cost_by_day})
    cost = {
        log_type: [float(sums.cost_by_day.get((day, log_type), 0)) for day in days]
        for log_type in types
    }
    categories = {
        category.replace("_", " "): float(count)
        for category, count in sums.categories.most_common()
    }
    kinds = sorted(sums.cost_by_kind.items(), key=lambda one: -one[1])
    return {
        "outcomes": charts.stacked(days, outcomes, "logs"),
        "categories": charts.bars(categories, "logs"),
        "cost": charts.stacked(days, cost, "dollars"),
        "kinds": charts.bars(
            {kind: float(dollars) for kind, dollars in kinds}, "dollars", "${:,.2f}"
        ),
        "lags": charts.bars(
            {_lag(index): float(sums.lags[index]) for index in range(len(LAGS) + 1)}, "logs"
        ),
    }


def _lag(index: int) -> str:
    if index == len(LAGS):
        return f"over {_duration(LAGS[-1])}"
    return f"up to {_duration(LAGS[index])}"


def _duration(seconds: int) -> str:
    for unit, length in (("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _failures(sums: Sums) -> list[_Failure]:
    known, total = CATALOGUE, sums.codes.total()
    found = []
    for (log_type, code, explanation), count in sums.codes.most_common(_MOST_FAILURES):
        entry = known.by_key(log_type, explanation)
        found.append(
            _Failure(
                code=code,
                log_type=log_type,
                cause=entry.cause,
                advice=entry.advice,
                count=count,
                share=count / total,
            )
        )
    return found


def _countries(sums: Sums) -> list[_Country]:
    names = {country for country, _ in sums.countries}
    rows = []
    for country in names:
        succeeded = sums.countries[country, "succeeded"]
        ended = succeeded + sums.countries[country, "failed"]
        rows.append(_Country(country=country, ended=ended, succeeded=succeeded / ended))
    return sorted(rows, key=lambda row: -row.ended)[:_MOST_COUNTRIES]
