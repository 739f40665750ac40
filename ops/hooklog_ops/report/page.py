"""The report as one page of HTML: totals and charts in their places."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from hooklog.catalogue import CATALOGUE
from hooklog.logs import KINDS
from hooklog_ops.formatting import age, plain, plurals, visible_value
from hooklog_ops.records import Period
from hooklog_ops.report import charts
from hooklog_ops.report.totals import LAGS, Totals

_MOST_FAILURES = 15
_MOST_COUNTRIES = 20
_LONGEST_NAME = 30
#: Outcomes from the bottom to the top of a bar, distinct for colour-blind readers, too.
_OUTCOMES: Final = {"succeeded": "#2f7d5b", "failed": "#b3412e", "in_progress": "#c9a227"}


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


def page(totals: Totals, period: Period, written: datetime) -> str:
    """Write the report as HTML that loads nothing from elsewhere."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=visible_value,
    )
    days = sorted({f"{day:%Y-%m-%d}" for day in period.days()})
    return environment.get_template("page.html.jinja").render(
        title=plurals(period.log_types).capitalize(),
        since=f"{period.since:%Y-%m-%d %H:%M}",
        until=f"{period.until:%Y-%m-%d %H:%M}",
        written=f"{written:%Y-%m-%d %H:%M} UTC",
        totals=totals,
        colours=_OUTCOMES,
        charts=_charts(totals, days) if totals.total else {},
        failures=_failures(totals),
        countries=_countries(totals),
    )


def _charts(totals: Totals, days: list[str]) -> dict[str, str]:
    outcomes = {
        plain(outcome): [float(totals.outcomes[day, outcome]) for day in days]
        for outcome in _OUTCOMES
    }
    types = sorted({log_type for _, log_type in totals.cost_by_day})
    cost = {
        log_type: [float(totals.cost_by_day.get((day, log_type), 0)) for day in days]
        for log_type in types
    }
    categories = {
        plain(category): float(count) for category, count in totals.categories.most_common()
    }
    kinds = sorted(totals.cost_by_kind.items(), key=lambda one: -one[1])
    lags = {_lag(index): float(totals.lags[index]) for index in range(len(LAGS) + 1)}
    return {
        "outcomes": charts.stacked(days, outcomes, list(_OUTCOMES.values()), "logs"),
        "categories": charts.bars(categories, "logs"),
        "cost": charts.stacked(days, cost, [KINDS[name].colour for name in types], "dollars"),
        "kinds": charts.bars(
            {_name(kind): float(dollars) for kind, dollars in kinds}, "dollars", "${:,.2f}"
        ),
        "lags": charts.bars(lags, "logs"),
    }


def _name(kind: str) -> str:
    """Write SignalWire's word for a kind so that it fits beside a bar."""
    return kind if len(kind) <= _LONGEST_NAME else f"{kind[:_LONGEST_NAME]}…"


def _lag(index: int) -> str:
    return f"up to {age(LAGS[index])}" if index < len(LAGS) else f"over {age(LAGS[-1])}"


def _failures(totals: Totals) -> list[_Failure]:
    found = []
    for (log_type, code, explanation), count in totals.codes.most_common(_MOST_FAILURES):
        entry = CATALOGUE.by_key(log_type, explanation)
        found.append(
            _Failure(
                code=code,
                log_type=log_type,
                cause=entry.cause,
                advice=entry.advice,
                count=count,
                share=count / totals.codes.total(),
            )
        )
    return found


def _countries(totals: Totals) -> list[_Country]:
    rows = []
    for country in {country for country, _ in totals.countries}:
        succeeded = totals.countries[country, "succeeded"]
        ended = succeeded + totals.countries[country, "failed"]
        rows.append(_Country(country=country, ended=ended, succeeded=succeeded / ended))
    return sorted(rows, key=lambda row: -row.ended)[:_MOST_COUNTRIES]
