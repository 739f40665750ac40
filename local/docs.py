"""The generated parts of docs/error-codes.md, docs/cli.md and docs/reliability.md.

``make docs`` has cog call these functions, and those of other modules that the pages name. A test
fails while a page is stale.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any

import typer
from typer.cli import get_docs_for_click
from typer.main import get_command

from hooklog.catalogue import CATALOGUE, Explanation
from hooklog.errors import BY_CODE, NEVER
from hooklog_ops.cli import app
from hooklog_ops.errors import FILE, USAGE, own_errors
from local import markdown
from local.cloud import ROOT
from tests.bugs.bugs import load as bugs
from tests.faults.cases import CASES

_CATALOGUE = ROOT / "layers/hooklog/hooklog/catalogue/catalogue.json"


def own_codes() -> str:
    """Return hooklog's own error codes."""
    rows = []
    for error in BY_CODE.values():
        meaning = (error.__doc__ or "").splitlines()[0].replace("``", "`")
        attempts = "waits" if error.max_attempts == NEVER else str(error.max_attempts)
        rows.append((f"`{error.code}`", meaning, attempts, error.operator))
    return markdown.table(("code", "meaning", "attempts", "what to do"), sorted(rows))


def signalwire_codes() -> str:
    """Return SignalWire's error codes: numbers in their order, then words."""
    codes = sorted(
        _data()["codes"],
        key=lambda code: (not code.isdecimal(), int(code) if code.isdecimal() else 0, code),
    )
    return _explained("code", ((f"`{code}`", CATALOGUE.by_code(code)) for code in codes))


def fax_texts() -> str:
    """Return the texts that explain a fax."""
    texts = sorted(str(entry["text"]) for entry in _data()["fax_texts"].values())
    return _explained("text", ((text, CATALOGUE.by_text(text)) for text in texts))


def statuses() -> str:
    """Return the statuses that explain a log without a code and a text."""
    found: list[tuple[str, Explanation | None]] = [
        (f"{log_type} `{status}`", CATALOGUE.by_status(log_type, status))
        for log_type, entries in _data()["statuses"].items()
        for status in entries
    ]
    return _explained("status", [*found, ("anything else", CATALOGUE.unknown)])


def commands() -> str:
    """Return every command of `hooklog` with its options, from its own help."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="hooklog")
    _, _, below_title = text.partition("\n\n")
    return "\n".join(line.rstrip() for line in below_title.splitlines()).strip()


def error_codes() -> str:
    """Return the codes of errors that `--json` prints, apart from AWS's and the functions'."""
    rows = [
        (f"`{one.code}`", str(one.status.value), (one.__doc__ or "").partition("\n")[0])
        for one in sorted(own_errors(), key=lambda one: one.code)
    ]
    rows += [
        (f"`{FILE}`", "1", "A file cannot be read or written."),
        (f"`{USAGE}`", "2", "The command is not understood."),
    ]
    return markdown.table(("code", "exit status", "what it says"), sorted(rows))


def faults_by_step() -> str:
    """Return the numbers of faults that the tests know, by the step where they occur."""
    steps = Counter(case.step.name.lower() for case in CASES)
    wired = Counter(case.step.name.lower() for case in CASES if case.over_sockets)
    forms: Counter[str] = Counter()
    for case in CASES:
        forms[case.step.name.lower()] += len(case.over_sockets)
    rows = [(step, number, wired[step], forms[step]) for step, number in steps.items()]
    rows.append(("**all**", len(CASES), wired.total(), forms.total()))
    return markdown.table(("step", "faults", "also over sockets", "in forms"), rows)


def bugs_by_step() -> str:
    """Return the numbers of deliberate bugs, by the step that they break."""
    steps = Counter(bug.step for bug in bugs())
    return markdown.table(("step", "bugs"), [*steps.items(), ("**all**", steps.total())])


def _explained(first: str, rows: Iterable[tuple[str, Explanation | None]]) -> str:
    headings = (first, "category", "severity", "retry", "cause", "advice")
    return markdown.table(headings, (_explanation(name, found) for name, found in rows))


def _explanation(name: str, found: Explanation | None) -> tuple[str, ...]:
    if found is None:
        raise LookupError(f"The catalogue does not find its own entry {name}.")
    retry = "yes" if found.retry else "no"
    return name, found.category, found.severity, retry, found.cause, found.advice


def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(_CATALOGUE.read_bytes())
    return data
