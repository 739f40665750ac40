"""The failure catalogue: what went wrong with a fax or message, and what to do about it.

The entries are data, in ``catalogue.json``; their schema is ``catalogue.schema.json``. A failure
is looked up by its code, by its fax result text, or by the status that the log ended in.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

type Category = Literal[
    "destination",
    "origin",
    "content",
    "carrier_filtering",
    "consent",
    "network",
    "capacity",
    "account",
    "configuration",
    "platform",
    "unknown",
]
#: ``error`` needs a person, ``warning`` may heal by itself, ``info`` is expected.
type Severity = Literal["info", "warning", "error"]

#: What may differ between two spellings of one text: spaces and punctuation.
_NOISE = re.compile(r"[\W_]+")

#: Parsed JSON; a test validates the file against its schema.
type _Entry = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a fax or message failed.

    Attributes:
        key: of the entry: ``30003``, ``carrier_violation``, ``fax:<slug>``,
            ``status:<status>`` or ``unknown``.
        category: what kind of thing went wrong.
        cause: in one or two sentences for an operator.
        advice: what the sender or the operator should do.
        retry: whether a retry without a change can help.
        severity: whether a person is needed.

    """

    key: str
    category: Category
    cause: str
    advice: str
    retry: bool
    severity: Severity


_FIELDS = ("category", "cause", "advice", "retry", "severity")


class Catalogue:
    """Finds explanations. Nothing is read before the first look, and each entry is built on demand.

    A batch without failures, and the start of a function, therefore pay nothing for the catalogue.
    """

    def __init__(self, path: Path) -> None:
        """Read entries from a JSON file of the schema ``catalogue.schema.json``."""
        self._path = path

    @functools.cached_property
    def _data(self) -> _Entry:
        data: _Entry = json.loads(self._path.read_bytes())
        return data

    @functools.cached_property
    def metric_codes(self) -> Mapping[str, frozenset[str]]:
        """Codes with a CloudWatch dimension value of their own, by log type; each costs money."""
        codes: dict[str, set[str]] = {}
        for code, entry in self._data["codes"].items():
            for log_type in entry.get("metric", ()):
                codes.setdefault(log_type, set()).add(code)
        return {log_type: frozenset(found) for log_type, found in codes.items()}

    def by_code(self, code: str) -> Explanation | None:
        """Explain an error code, numeric or symbolic."""
        codes, key = self._data["codes"], _plain(code)
        entry: _Entry | None = codes.get(key)
        if entry and "same_as" in entry:
            entry = codes[entry["same_as"]]
        return _explanation(key, entry) if entry else None

    def by_text(self, text: str) -> Explanation | None:
        """Explain a fax result text, whatever its case, spacing and punctuation."""
        slug = self._slugs.get(_letters(text))
        return _explanation(f"fax:{slug}", self._data["fax_texts"][slug]) if slug else None

    def by_status(self, log_type: str, status: str) -> Explanation | None:
        """Explain a failed log that names neither code nor text."""
        key = _plain(status)
        entry = self._data["statuses"].get(log_type, {}).get(key)
        return _explanation(f"status:{key}", entry) if entry else None

    def by_key(self, log_type: str, key: str) -> Explanation:
        """Return the explanation that a row names; a key of an older catalogue is unknown."""
        kind, _, name = key.partition(":")
        found: Explanation | None
        if kind == "fax" and name in self._data["fax_texts"]:
            found = _explanation(key, self._data["fax_texts"][name])
        elif kind == "status":
            found = self.by_status(log_type, name)
        else:
            found = self.by_code(key)
        return found or self.unknown

    @property
    def unknown(self) -> Explanation:
        """The explanation when nothing else fits."""
        return _explanation("unknown", self._data["unknown"])

    def metric_code(self, log_type: str, code: str | None) -> str:
        """Map any code to one of few, so that the number of metrics is bounded.

        A code maps to itself or to the code that it is an alias of, to ``other`` if it is rare for
        that type of log, and to ``none`` if it is empty or zero.
        """
        if not (key := _plain(code or "")).strip("0"):
            return "none"
        key = self._data["codes"].get(key, {}).get("same_as", key)
        return key if key in self.metric_codes.get(log_type, ()) else "other"

    @functools.cached_property
    def _slugs(self) -> dict[str, str]:
        return {
            _letters(spelling): slug
            for slug, entry in self._data["fax_texts"].items()
            for spelling in (entry["text"], *entry.get("aliases", ()))
        }


CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")
#: The catalogue that ships with the package.
CATALOGUE = Catalogue(CATALOGUE_FILE)


def _plain(code: str) -> str:
    return code.strip().casefold()


def _letters(text: str) -> str:
    return _NOISE.sub("", text.casefold())


def _explanation(key: str, entry: _Entry) -> Explanation:
    return Explanation(key=key, **{name: entry[name] for name in _FIELDS})
