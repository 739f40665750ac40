"""How mutants are told apart and judged; `make mutation` tries them."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from tests.mutation.judgements import (
    Change,
    Judgement,
    Mutant,
    Outcome,
    Rule,
    load_judgements,
    load_scores,
    refuted,
    score,
    stale,
)
from tests.mutation.mutants import functions_changed, make_mutants

PACKAGE = Path(__file__).parents[2] / "layers/hooklog/hooklog"
CHANGES = [Change("f", "return 1", f"return {number}") for number in range(6)]


def mutants(body: str) -> list[Mutant]:
    """Return the mutants of a function."""
    return make_mutants("a.py", f"def f(x):\n    {body}\n")


def mutant(change: Change, rule: Rule | None = None) -> Mutant:
    """Return a mutant, under a name that nobody else has."""
    return Mutant(change.after, change, lambda: rule)


def test_a_change_is_known_by_its_text() -> None:
    """Whatever stands above the function, and however mutmut counts."""
    source = "class A:\n    def f(self, x):\n        return x + 1\n"
    changes = [one.change for one in make_mutants("a.py", source)]
    assert changes == [
        Change("A.f", "return x + 1", "return x - 1"),
        Change("A.f", "return x + 1", "return x + 2"),
    ]
    assert changes == [one.change for one in make_mutants("a.py", f"Y = 1\n\n\n{source}")]


def test_equal_lines_are_told_apart_by_those_above() -> None:
    """As many as it takes."""
    found = mutants("if x:\n        x += 1\n    else:\n        x += 1\n    return x")
    changes = [one.change for one in found]
    assert len(set(changes)) == len(changes)
    assert Change("f", "else:\n    x += 1", "else:\n    x -= 1") in changes


@pytest.mark.parametrize(
    ("body", "after", "rule"),
    [
        ('raise BadPayloadError("No.")', 'raise BadPayloadError("NO.")', Rule.WORDING),
        ('raise BadPayloadError("No.")', "raise BadPayloadError(None)", Rule.WORDING),
        ('raise BadPayloadError(x["No."])', 'raise BadPayloadError(x["NO."])', None),
        ('raise SettingsError("No.")', 'raise SettingsError("NO.")', None),
        ('raise EventError("No.")', "raise EventError(None)", None),
        ('return cast("A", x + 1)', 'return cast("a", x + 1)', Rule.UNREAD),
        ('return cast("A", x + 1)', 'return cast("A", x - 1)', None),
        ("return zip(x, x, strict=True)", "return zip(x, x, strict=False)", None),
        ("return batched(x, 9, strict=False)", "return batched(x, 9, strict=None)", Rule.UNREAD),
        ("return batched(x, 9, strict=False)", "return batched(x, 9, strict=True)", None),
    ],
)
def test_the_rules(body: str, after: str, rule: Rule | None) -> None:
    """The text of a coded error, and what the running program does not read."""
    assert {one.change.after: one.rule() for one in mutants(body)}[after] is rule


def test_the_functions_that_changed() -> None:
    """Comments and the place of a function do not count."""
    old = dedent(
        """
        def same(x): return x
        def other(x): return x
        """
    )
    new = dedent(
        """
        def new(x): return x
        def other(x): return x + 1
        # Why.
        def same(x): return x
        """
    )
    assert functions_changed(old, new) == {"x_new", "x_other"}


def test_the_score() -> None:
    """What survives is judged, let pass by a rule, or should have been killed."""
    judgement = Judgement("a.py", "equivalent", "Why.", (CHANGES[2],))
    rules = [None, None, None, Rule.WORDING, Rule.UNREAD, None]
    found = [mutant(change, rule) for change, rule in zip(CHANGES, rules, strict=True)]
    how = [Outcome.KILLED, Outcome.TIMED_OUT, *[Outcome.SURVIVED] * 4]
    outcomes = {one.name: what for one, what in zip(found, how, strict=True)}
    one = score("a.py", found, outcomes, [judgement])
    assert (one.mutants, one.killed, one.timed_out, one.judged) == (6, 1, 1, 1)
    assert (one.wording, one.unread, one.survived) == (CHANGES[3:4], CHANGES[4:5], CHANGES[5:])
    elsewhere = score("b.py", found, outcomes, [judgement])
    assert (elsewhere.judged, elsewhere.survived) == (0, [CHANGES[2], CHANGES[5]])


def test_a_wrong_judgement_is_told() -> None:
    """One that fits no mutant of a module that was looked at, and one whose mutant is killed."""
    judgements = [Judgement(module, "equivalent", "Why.", (CHANGES[0],)) for module in ("a", "b")]
    other, judged = {"a": [mutant(CHANGES[1])]}, {"a": [mutant(CHANGES[0])]}
    assert stale(other, judgements) == [("a", CHANGES[0])]
    assert stale(judged, judgements) == []
    name = CHANGES[0].after
    assert refuted(judged, {name: Outcome.KILLED}, judgements) == [("a", CHANGES[0])]
    assert refuted(judged, {name: Outcome.SURVIVED}, judgements) == []


def test_the_judgements_are_of_code_that_is_there() -> None:
    """Each names a function, and lines that stand together in it; a full run checks more."""
    for one in load_judgements():
        functions = functions_of((PACKAGE / one.module).read_text())
        for change in one.changes:
            before = "\n".join(line.strip() for line in change.before.splitlines())
            assert before in functions[change.function], change


def functions_of(source: str) -> dict[str, str]:
    """Return the lines of a module's functions and methods, without indentation.

    As in a judgement, a change of a default is of a function whose name is left out.
    """
    found = {}
    for node in ast.parse(source).body:
        owner, inner = (
            (f"{node.name}.", node.body) if isinstance(node, ast.ClassDef) else ("", [node])
        )
        for one in inner:
            if isinstance(one, ast.FunctionDef):
                text = ast.get_source_segment(source, one) or ""
                lines = text.replace(f"def {one.name}(", "def _(", 1).splitlines()
                found[f"{owner}{one.name}"] = "\n".join(line.strip() for line in lines)
    return found


def test_the_scores_add_up() -> None:
    """Each mutant is counted once, and each judgement as a mutant that survived."""
    judged = Counter[str]()
    for judgement in load_judgements():
        judged[judgement.module] += len(judgement.changes)
    for module, one in load_scores().items():
        passed = one.judged + len(one.wording) + len(one.unread)
        assert one.mutants == one.killed + one.timed_out + passed + len(one.survived)
        assert one.judged == judged[module], module
