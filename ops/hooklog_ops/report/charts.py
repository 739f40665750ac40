"""The report's charts as inline SVG, which prints as sharp as text."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from typing import Final

import matplotlib as mpl
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from hooklog_ops.formatting import printable

_BAR_COLOUR: Final = "#33658a"
_WIDTH: Final = 7.2  # inches: the width of a printed page
_BAR: Final = 0.32


def stacked(
    days: Sequence[str], series: Mapping[str, Sequence[float]], colours: Sequence[str], unit: str
) -> str:
    """Draw one bar per day that stacks the series, in their order and colours."""
    with _style():
        figure = Figure(figsize=(_WIDTH, 2.4), layout="constrained")
        axes = figure.subplots()
        below = [0.0] * len(days)
        places = range(len(days))
        for (name, values), colour in zip(series.items(), colours, strict=True):
            axes.bar(places, values, bottom=below, label=name, color=colour, width=0.8)
            below = [low + value for low, value in zip(below, values, strict=True)]
        step = max(1, len(days) // 10)
        axes.set_xticks(list(places)[::step], [day[5:] for day in days[::step]])
        axes.set_ylabel(unit)
        _whole_ticks(axes.yaxis, *series.values())
        axes.margins(x=0.01)
        figure.legend(loc="outside upper left", ncols=len(series), frameon=False)
        return _svg(figure)


def bars(values: Mapping[str, float], unit: str, form: str = "{:,.0f}") -> str:
    """Draw one horizontal bar per name, the first at the top, labelled with its value."""
    with _style():
        figure = Figure(figsize=(_WIDTH, 0.6 + _BAR * max(1, len(values))), layout="constrained")
        axes = figure.subplots()
        names = [printable(name) for name in values]
        drawn = axes.barh(range(len(names)), list(values.values()), color=_BAR_COLOUR, height=0.7)
        axes.bar_label(drawn, fmt=form, padding=3)
        axes.set_yticks(range(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlabel(unit)
        _whole_ticks(axes.xaxis, values.values())
        axes.margins(x=0.12)
        return _svg(figure)


def _whole_ticks(axis: Axis, *values: Iterable[float]) -> None:
    """Leave out fractions on the axis of counts."""
    if all(value.is_integer() for value in chain(*values)):
        axis.set_major_locator(MaxNLocator(integer=True))


def _style() -> AbstractContextManager[None]:
    return mpl.rc_context(
        {
            "font.family": "sans-serif",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            # Text stays text, so that it can be searched and read aloud.
            "svg.fonttype": "none",
            # A name may have dollar signs.
            "text.parse_math": False,
            # Otherwise each run names the parts of the picture differently.
            "svg.hashsalt": "hooklog",
        }
    )


def _svg(figure: Figure) -> str:
    out = io.StringIO()
    with warnings.catch_warnings():
        # The reader's fonts show the text; here it is only measured.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]
