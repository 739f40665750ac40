"""The generated parts of docs/mutation.md."""

from __future__ import annotations

from collections import Counter
from html import escape
from math import floor

from local import markdown
from tests.mutation.judgements import Score, load_judgements, load_scores


def scores_table() -> str:
    """Return the score of each module, and of all together."""
    scores = {module: one for module, one in load_scores().items() if one.mutants}
    rows = [_row(f"`{module}`", one) for module, one in scores.items()]
    outcomes = ("killed", "timed out", "judged", "by rule", "survived")
    headings = ("module", "mutants", *outcomes, "score")
    return markdown.table(headings, [*rows, _row("**all**", _sum(list(scores.values())))])


def judged_table() -> str:
    """Return the changes that were judged one by one, with the reason."""
    rows = [
        (f"`{one.module}`", _code(change.before), _code(change.after), one.verdict, one.reason)
        for one in load_judgements()
        for change in one.changes
    ]
    return markdown.table(("module", "line", "change", "verdict", "reason"), rows)


def rules_table() -> str:
    """Return the lines of which changes survived that a rule lets pass."""
    lines = Counter(
        (rule, module, change.before)
        for module, one in load_scores().items()
        for rule, changes in (("wording", one.wording), ("unread", one.unread))
        for change in changes
    )
    rows = [
        (rule, f"`{module}`", _code(line), times) for (rule, module, line), times in lines.items()
    ]
    return markdown.table(("rule", "module", "line", "mutants"), rows)


def survivors_table() -> str:
    """Return the changes that a test should kill, and none does."""
    rows = [
        (f"`{module}`", f"`{change.function}`", _code(change.before), _code(change.after))
        for module, one in load_scores().items()
        for change in one.survived
    ]
    return markdown.table(("module", "function", "line", "change"), rows) if rows else "None."


def _sum(scores: list[Score]) -> Score:
    return Score(
        mutants=sum(one.mutants for one in scores),
        killed=sum(one.killed for one in scores),
        timed_out=sum(one.timed_out for one in scores),
        judged=sum(one.judged for one in scores),
        wording=[change for one in scores for change in one.wording],
        unread=[change for one in scores for change in one.unread],
        survived=[change for one in scores for change in one.survived],
    )


def _row(name: str, one: Score) -> tuple[object, ...]:
    by_rule, survived = len(one.wording) + len(one.unread), len(one.survived)
    counted = one.killed + one.timed_out + survived
    # Rounded down: only no survivor is 100 %.
    percent = f"{floor(1000 * (counted - survived) / counted) / 10:.1f} %" if counted else ""
    return name, one.mutants, one.killed, one.timed_out, one.judged, by_rule, survived, percent


def _code(text: str) -> str:
    """Return code that fits into one cell."""
    lines = "<br>".join(escape(line, quote=False) for line in text.splitlines())
    return f"<code>{lines.replace('|', '&#124;')}</code>"
