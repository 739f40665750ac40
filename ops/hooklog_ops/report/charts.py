"""The report's charts, as SVG that stands in the page: they print as sharp as the text."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final

import matplotlib as mpl
from matplotlib.figure import Figure

#: Apart for colour-blind readers, and on paper without colours by their order and labels.
COLOURS: Final = {
    "succeeded": "#2f7d5b",
    "failed": "#b3412e",
    "in progress": "#c9a227",
    "fax": "#33658a",
    "message": "#86bbd8",
}
_PLAIN: Final = "#33658a"
_WIDTH: Final = 7.2  # inches: a page's width in print
_BAR: Final = 0.32


def stacked(days: Sequence[str], series: Mapping[str, Sequence[float]], unit: str) -> str:
    """Draw a bar a day, of several parts."""
    with _style():
        figure = Figure(figsize=(_WIDTH, 2.4), layout="constrained")
        axes = figure.subplots()
        below = [0.0] * len(days)
        places = range(len(days))
        for name, values in series.items():
            axes.bar(places, values, bottom=below, label=name, color=COLOURS[name], width=0.8)
            below = [low + value for low, value in zip(below, values, strict=True)]
        step = max(1, len(days) // 10)
        axes.set_xticks(list(places)[::step], [day[5:] for day in days[::step]])
        axes.set_ylabel(unit)
        axes.margins(x=0.01)
        figure.legend(loc="outside upper left", ncols=len(series), frameon=False)
        return _svg(figure)


def bars(values: Mapping[str, float], unit: str, form: str = "{:,.0f}") -> str:
    """Draw a bar a name, the first at the top, with its value in that form."""
    with _style():
        figure = Figure(figsize=(_WIDTH, 0.6 + _BAR * max(1, len(values))), layout="constrained")
        axes = figure.subplots()
        names = list(values)
        drawn = axes.barh(range(len(names)), list(values.values()), color=_PLAIN, height=0.7)
        axes.bar_label(drawn, fmt=form, padding=3)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        axes.margins(x=0.12)
        return _svg(figure)


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(
        {
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            # Text stays text, so that it can be read aloud and searched.
            "svg.fonttype": "none",
            # Else each run names the parts of the picture anew.
            "svg.hashsalt": "hooklog",
        }
    )


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
