"""The documentation says the same as the code."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import fields
from pathlib import Path

import pytest

from hooklog.enrich.deliveries import QueueMessage
from hooklog.errors import BY_CODE
from hooklog.sweep.settings import SweepSettings
from hooklog.webhook.settings import WebhookSettings
from tests.builders import every_attribute
from tests.emitted import everything
from tests.template import template

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def section(title: str, text: str = README) -> str:
    """Give the part of a page below a heading, up to the next of its level."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def in_backticks(text: str) -> set[str]:
    """Give everything that is set as code."""
    return set(re.findall(r"`([^`]+)`", text))


def first_cells(text: str) -> set[str]:
    """Give what is set as code in the first column of the tables."""
    return {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in in_backticks(line.split("|")[1])
    }


def test_every_command_explains_itself() -> None:
    """With a sentence for it, and one for each of its options and arguments."""
    parts = re.split(r"^#+ `", _text("docs/cli.md"), flags=re.MULTILINE)[2:]
    assert len(parts) > 12
    for part in parts:
        told = part.split("\n\n")[1]
        assert told.endswith("."), part[:60]
        for option in re.findall(r"^\* `-[^`]*`(.*)", part, re.MULTILINE):
            assert option.startswith(": "), f"{part[:40]}: {option}"


def test_every_error_code_of_ours_is_explained() -> None:
    """Both ways: each code has its line, and each line its code."""
    own = section("hooklog's own", _text("docs/error-codes.md"))
    assert first_cells(own) == set(BY_CODE)


def test_every_setting_is_documented() -> None:
    """The template's parameters and the function's variables, both ways."""
    documented = in_backticks(section("The settings"))
    variables = {name.upper() for name in SweepSettings.model_fields}
    variables |= {field.name.upper() for field in fields(WebhookSettings)}
    assert variables <= documented
    parameters = set(template()["Parameters"])
    assert first_cells(section("The settings")) == parameters


def test_documented_defaults_are_the_templates() -> None:
    """What the table says is what a deployment gets."""
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+) \|", section("The settings"), re.MULTILINE)
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in template()["Parameters"].items()
        if parameter.get("Default")
    }
    assert {name: value for name, value in rows if name in defaults} == defaults


def test_every_metric_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """Every metric that the functions can emit, with its dimensions, both ways."""
    emitted: dict[str, set[frozenset[str]]] = defaultdict(set)
    for name, dimensions in everything(capsys):
        emitted[name].add(frozenset(dict(dimensions)))
    documented: dict[str, set[frozenset[str]]] = defaultdict(set)
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("The metrics"), re.MULTILINE)
    for name, dimensions in rows:
        documented[name].add(frozenset(in_backticks(dimensions)))
    assert documented == emitted


def test_the_number_of_metrics_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    """Each custom metric costs money every month: the README says how many there can be."""
    largest = len(everything(capsys))
    assert largest <= 80
    assert f"at most {largest} custom metrics" in section("The metrics")


def test_every_attribute_of_a_record_is_documented() -> None:
    """Whatever can stand in a row, both ways."""
    assert first_cells(section("The record")) == every_attribute() - {"url"}


def test_the_queue_message_is_documented() -> None:
    """Each key that is read, both ways."""
    assert first_cells(section("The queue message")) == set(QueueMessage.model_fields)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/local-invoke.md"])
def test_documented_make_targets_exist(page: str) -> None:
    """Whoever types a command of the docs gets what they say."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(re.findall(r"(?:`|^\s*)make ([a-z]+)", _text(page), re.MULTILINE))
    assert commands
    assert commands <= targets


@pytest.mark.parametrize(
    "page", [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")], ids=lambda page: page.name
)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links name files that exist."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")
