"""What was judged of the mutants that survive the tests, and the score that remains."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

JUDGED = Path(__file__).with_name("judged.toml")
SCORE = Path(__file__).with_name("score.json")


class Outcome(Enum):
    """What the tests made of a mutant."""

    #: A test failed.
    KILLED = "killed"
    #: The tests ran far longer than without it, and were stopped: killed as well.
    TIMED_OUT = "timed out"
    SURVIVED = "survived"


class Change(NamedTuple):
    """A small change of the package.

    Attributes:
        function: its name, after that of its class if it has one.
        before: the changed lines as they are, with as many lines above them as it takes to be the
            only such change in the function.
        after: the lines that replace them.

    """

    function: str
    before: str
    after: str


class Rule(Enum):
    """What is judged without a list."""

    #: Only the text of an error changes, whose code says what to do.
    WORDING = "wording"
    #: Only what the running program does not read changes, such as the type of a cast.
    UNREAD = "unread"


@dataclass(frozen=True)
class Mutant:
    """A change under mutmut's name.

    Attributes:
        name: mutmut's, such as ``hooklog.clock.x_parse__mutmut_3``.
        change: what the mutant changes.
        rule: returns that by which it may survive, if there is one.

    """

    name: str
    change: Change
    rule: Callable[[], Rule | None]

    @property
    def function(self) -> str:
        """Return mutmut's name of the function within its module."""
        return self.name.partition("__mutmut_")[0].rpartition(".")[2]


@dataclass(frozen=True)
class Judgement:
    """Why some mutants of a module may survive.

    Attributes:
        module: path below the package.
        verdict: ``equivalent`` if no caller can see the change, ``wording`` if only a text changes
            on which nobody acts.
        reason: a sentence for the page.
        changes: what the mutants change.

    """

    module: str
    verdict: str
    reason: str
    changes: tuple[Change, ...]


@dataclass
class Score:
    """How many mutants of a module the tests kill.

    Attributes:
        mutants: all of them.
        killed: by a failing test.
        timed_out: killed by tests that did not end.
        judged: survived, and on the list of judgements.
        wording: survived, and wording by rule.
        unread: survived, and unread by rule.
        survived: those that a test should kill.

    """

    mutants: int = 0
    killed: int = 0
    timed_out: int = 0
    judged: int = 0
    wording: list[Change] = field(default_factory=list)
    unread: list[Change] = field(default_factory=list)
    survived: list[Change] = field(default_factory=list)


def load_judgements() -> list[Judgement]:
    """Read the judgements."""
    content = tomllib.loads(JUDGED.read_text(encoding="utf-8"))
    judgements = [
        Judgement(
            entry["module"],
            entry["verdict"],
            entry["reason"],
            tuple(Change(*change) for change in entry["changes"]),
        )
        for entry in content.get("judgement", [])
    ]
    for one in judgements:
        if one.verdict not in {"equivalent", "wording"} or not one.reason or not one.changes:
            raise ValueError(f"This judgement is incomplete: {one}")
    return judgements


def score(
    module: str,
    mutants: Iterable[Mutant],
    outcomes: Mapping[str, Outcome],
    judgements: Iterable[Judgement],
) -> Score:
    """Return the score of a module's mutants, or of a sample of them."""
    judged = {change for one in judgements if one.module == module for change in one.changes}
    result = Score()
    for mutant in mutants:
        result.mutants += 1
        match outcomes[mutant.name]:
            case Outcome.KILLED:
                result.killed += 1
            case Outcome.TIMED_OUT:
                result.timed_out += 1
            case Outcome.SURVIVED:
                if mutant.change in judged:
                    result.judged += 1
                    continue
                lists = {
                    Rule.WORDING: result.wording,
                    Rule.UNREAD: result.unread,
                    None: result.survived,
                }
                lists[mutant.rule()].append(mutant.change)
    return result


def stale(
    mutants: Mapping[str, Iterable[Mutant]], judgements: Iterable[Judgement]
) -> list[tuple[str, Change]]:
    """Return the judged changes that are no mutants of those modules any more."""
    changes = {module: {one.change for one in found} for module, found in mutants.items()}
    return [
        (one.module, change)
        for one in judgements
        for change in one.changes
        if change not in changes.get(one.module, {change})
    ]


def refuted(
    mutants: Mapping[str, Iterable[Mutant]],
    outcomes: Mapping[str, Outcome],
    judgements: Iterable[Judgement],
) -> list[tuple[str, Change]]:
    """Return the judged changes that a test kills after all; a slow machine can time out."""
    judged = {(one.module, change) for one in judgements for change in one.changes}
    return [
        (module, mutant.change)
        for module, found in mutants.items()
        for mutant in found
        if outcomes[mutant.name] is Outcome.KILLED and (module, mutant.change) in judged
    ]


def load_scores() -> dict[str, Score]:
    """Read the scores of the last full run of each module."""
    content: dict[str, dict[str, Any]] = json.loads(SCORE.read_text(encoding="utf-8"))
    for entry in content.values():
        for key in ("wording", "unread", "survived"):
            entry[key] = [Change(*change) for change in entry[key]]
    return {module: Score(**entry) for module, entry in content.items()}


def save_scores(scores: Mapping[str, Score]) -> None:
    """Write the scores, in an order that does not change."""
    content = {module: vars(scores[module]) for module in sorted(scores)}
    SCORE.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
