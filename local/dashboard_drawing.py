"""The dashboard's layout as a picture: ``make docs``.

Places, titles and legends are the template's. The curves are sketches of a widget's kind and no
measurements, and the legend of a search shows examples of what it could find.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from local.cloud import ROOT
from local.dashboard import Widget

DRAWING = ROOT / "docs/dashboard.svg"

#: Pixels: a column and a row of CloudWatch's grid, the gap between widgets.
_COLUMN, _ROW, _GAP = 50, 34, 8
_COLUMNS = 24
_COLOURS = (
    *("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b"),
    *("#e377c2", "#7f7f7f", "#bcbd22", "#17becf", "#aec7e8"),
)
_LETTER = 6.4  # pixels, the average of a letter
_STEPS = 25
_STYLE = """
text { font: 11px system-ui, sans-serif; fill: #16191f }
.heading { font-size: 20px; font-weight: 600 } .title { font-size: 12px; font-weight: 600 }
.card { fill: #fff; stroke: #d5dbdb } .axis { stroke: #d5dbdb }
.alarm { fill: #f2f8f0; stroke: #b6d7a8 } .line { fill: none; stroke-width: 1.6 }
.limit { stroke: #d13212; stroke-dasharray: 4 3 }
"""


def drawing(shown: list[Widget]) -> str:
    """Draw the widgets where CloudWatch would put them, as an SVG document."""
    width = _COLUMNS * _COLUMN + _GAP
    height = max(one.y + one.height for one in shown) * _ROW + _GAP
    root = ET.Element(
        "svg", {"xmlns": "http://www.w3.org/2000/svg", "viewBox": f"0 0 {width} {height}"}
    )
    _add(root, "title", text="Layout of hooklog's dashboard; the curves are sketches")
    _add(root, "style", text=_STYLE)
    _add(root, "rect", width=width, height=height, fill="#f2f3f3")
    for one in shown:
        place = f"translate({one.x * _COLUMN + _GAP} {one.y * _ROW + _GAP})"
        _draw(_add(root, "g", transform=place), one)
    ET.indent(root, "")
    return ET.tostring(root, encoding="unicode") + "\n"


def _draw(group: ET.Element, one: Widget) -> None:
    width, height = one.width * _COLUMN - _GAP, one.height * _ROW - _GAP
    if one.kind == "text":
        heading, _, text = one.title.partition("\n")
        _add(group, "text", heading.removeprefix("# "), x=4, y=26, class_="heading")
        _add(group, "text", text, x=4, y=46)
        return
    _add(group, "rect", width=width, height=height, rx=3, class_="card")
    _add(group, "text", _cut(one.title, width - 20), x=10, y=18, class_="title")
    if one.kind == "alarm":
        _alarms(group, one, width)
    elif one.view == "bar":
        _bars(group, one, width, height)
    else:
        _curves(group, one, width, height)


def _alarms(group: ET.Element, one: Widget, width: int) -> None:
    columns = 6
    each = (width - 20) / columns
    for number, name in enumerate(one.labels):
        x, y = 10 + number % columns * each, 28 + number // columns * 30
        _add(group, "rect", x=x, y=y, width=each - 6, height=24, rx=3, class_="alarm")
        _add(group, "text", _cut(name, each - 20), x=x + 8, y=y + 16)


def _bars(group: ET.Element, one: Widget, width: int, height: int) -> None:
    names = one.labels[:10]
    step = (height - 40) / len(names)
    for number, name in enumerate(names):
        y = 30 + number * step
        length = (width - 140) * 0.8**number
        colour = _COLOURS[number % len(_COLOURS)]
        _add(group, "text", name, x=10, y=y + step / 2)
        _add(group, "rect", x=120, y=y, width=length, height=step - 5, fill=colour)


def _curves(group: ET.Element, one: Widget, width: int, height: int) -> None:
    rows = list(_legend(one.labels, width - 20))
    top, bottom = 32, height - 10 - 15 * len(rows)
    _add(group, "line", x1=10, y1=bottom, x2=width - 10, y2=bottom, class_="axis")
    below = [0.0] * _STEPS
    most = 0.8 * len(one.labels) if one.stacked else 1.1
    for name, colour in zip(one.labels, itertools.cycle(_COLOURS)):
        pairs = zip(below, _sketch(one.title + name), strict=True)
        values = [a + b if one.stacked else b for a, b in pairs]
        upper = _points(values, most, (10, width - 10), (top, bottom))
        if one.stacked:
            lower = _points(below, most, (10, width - 10), (top, bottom))
            points = " ".join([*upper, *reversed(lower)])
            _add(group, "polygon", points=points, fill=colour, opacity=0.75)
            below = values
        else:
            _add(group, "polyline", points=" ".join(upper), stroke=colour, class_="line")
    if one.limit is not None:
        _add(group, "line", x1=10, y1=top + 6, x2=width - 10, y2=top + 6, class_="limit")
    for number, row in enumerate(rows):
        for x, name, colour in row:
            y = bottom + 14 + 15 * number
            _add(group, "rect", x=x, y=y - 7, width=8, height=8, fill=colour)
            _add(group, "text", name, x=x + 11, y=y)


def _legend(labels: tuple[str, ...], width: float) -> Iterator[list[tuple[float, str, str]]]:
    row: list[tuple[float, str, str]] = []
    x = 10.0
    for name, colour in zip(labels, itertools.cycle(_COLOURS)):
        needed = 24 + _LETTER * len(name)
        if row and x + needed > width:
            yield row
            row, x = [], 10.0
        row.append((x, name, colour))
        x += needed
    yield row


def _sketch(seed: str) -> list[float]:
    """Give values from 0 to 1 that look like a day; always the same for a seed."""
    number = zlib.crc32(seed.encode())
    phase, speed = number % 628 / 100, 1 + number % 7 / 2
    return [
        0.5 + 0.3 * math.sin(phase + speed * at / 9) + 0.07 * math.sin(phase * 3 + speed * at)
        for at in range(_STEPS)
    ]


def _points(
    values: list[float], most: float, across: tuple[float, float], down: tuple[float, float]
) -> list[str]:
    (left, right), (top, bottom) = across, down
    return [
        f"{left + at * (right - left) / (len(values) - 1):.1f},"
        f"{bottom - value / most * (bottom - top):.1f}"
        for at, value in enumerate(values)
    ]


def _cut(text: str, width: float) -> str:
    most = int(width / _LETTER)
    return text if len(text) <= most else text[: most - 1] + "…"


def _add(parent: ET.Element, tag: str, text: str = "", **attributes: float | str) -> ET.Element:
    found = {
        name.rstrip("_"): f"{value:g}" if isinstance(value, float) else str(value)
        for name, value in attributes.items()
    }
    element = ET.SubElement(parent, tag, found)
    element.text = text or None
    return element
