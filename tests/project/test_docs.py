"""The documentation says the same as the code."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from hooklog.enrich.deliveries import QueueMessage
from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import BY_CODE
from hooklog.publish.settings import PublishSettings
from hooklog.steps import Step
from hooklog.sweep.settings import SweepSettings
from hooklog.webhook.settings import WebhookSettings
from hooklog_ops.cli import app
from hooklog_ops.tracing import FACTS
from tests.builders import every_attribute
from tests.emitted import everything
from tests.template import template

ROOT = Path(__file__).parents[2]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
REFERENCE = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "layers/hooklog/hooklog"
#: CONTRIBUTING.md names files from here, and those of the package without its own path.
FOLDERS = (ROOT, PACKAGE)
#: Whatever defines a name that CONTRIBUTING.md may mention.
SOURCES = ("layers/**/*.py", "functions/*/*.py", "ops/**/*.py", "local/**/*.py", "tests/**/*.py")
#: How many words README.md may have, as `wc -w` counts them.
README_WORDS = 1200


def section(title: str, text: str = REFERENCE) -> str:
    """Return the part of a page below a heading, up to the next one of its level."""
    return text.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def in_backticks(text: str) -> set[str]:
    """Return everything that is set as code within lines."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return set(re.findall(r"`([^`]+)`", prose))


def first_cells(text: str) -> set[str]:
    """Return what is set as code in the first column of the tables."""
    return {
        name
        for line in text.splitlines()
        if line.startswith("| `")
        for name in in_backticks(line.split("|")[1])
    }


# --- docs/cli.md and docs/error-codes.md --------------------------------------------------------


def test_every_command_explains_itself() -> None:
    """It has a sentence of its own, and each of its options and arguments has one."""
    parts = re.split(r"^#+ `", _text("docs/cli.md"), flags=re.MULTILINE)[2:]
    assert len(parts) > 12
    for part in parts:
        told = part.split("\n\n")[1]
        assert told.endswith("."), part[:60]
        for option in re.findall(r"^\* `-[^`]*`(.*)", part, re.MULTILINE):
            assert option.startswith(": "), f"{part[:40]}: {option}"


def test_every_error_code_of_ours_is_explained() -> None:
    """Each code has its line, and each line its code."""
    own = section("hooklog's own", _text("docs/error-codes.md"))
    assert first_cells(own) == set(BY_CODE)


# --- CHANGELOG.md -------------------------------------------------------------------------------


def test_every_release_says_what_an_upgrade_needs() -> None:
    """Its section *Upgrading* has points, or says that there is nothing to do."""
    releases = re.split(r"^## ", _text("CHANGELOG.md"), flags=re.MULTILINE)[1:]
    assert releases
    for release in releases:
        title = release.partition("\n")[0]
        sections = re.findall(
            r"^### Upgrading\n(.*?)(?=^### |\Z)", release, re.MULTILINE | re.DOTALL
        )
        assert len(sections) == 1, title
        assert "\n- " in sections[0] or sections[0].strip() == "Nothing to do.", title


# --- docs/reference.md --------------------------------------------------------------------------


def test_every_setting_is_documented() -> None:
    """The page has each of the functions' variables, and exactly the template's parameters."""
    documented = in_backticks(section("Settings"))
    variables = {
        name.upper()
        for settings in (EnrichSettings, SweepSettings, PublishSettings)
        for name in settings.model_fields
    }
    variables |= {field.name.upper() for field in fields(WebhookSettings)}
    assert variables <= documented
    parameters = set(template()["Parameters"])
    assert first_cells(section("Settings")) == parameters


def test_documented_defaults_are_the_templates() -> None:
    """The table says what a deployment gets."""
    rows = re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+) \|", section("Settings"), re.MULTILINE)
    defaults = {
        name: str(parameter["Default"])
        for name, parameter in template()["Parameters"].items()
        if parameter.get("Default")
    }
    assert {name: value for name, value in rows if name in defaults} == defaults


def test_every_metric_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    """The page has exactly the metrics that the functions can emit, with their dimensions."""
    emitted: dict[str, set[frozenset[str]]] = defaultdict(set)
    for name, dimensions in everything(capsys):
        emitted[name].add(frozenset(dict(dimensions)))
    documented: dict[str, set[frozenset[str]]] = defaultdict(set)
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section("Metrics"), re.MULTILINE)
    for name, dimensions in rows:
        documented[name].add(frozenset(in_backticks(dimensions)))
    assert documented == emitted


def test_the_number_of_metrics_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    """Each custom metric costs money every month, so the page says how many there can be."""
    largest = len(everything(capsys))
    # Four of them tell of events: one per kind of log, and two codes.
    assert largest <= 86
    assert f"at most {largest} custom metrics" in section("Metrics")


def test_every_step_is_documented() -> None:
    """The page has exactly the steps that a function can tell, and the facts that are shown."""
    assert first_cells(section("Steps")) == set(Step)
    facts = re.findall(r"^\| `.*\|([^|]*)\|$", section("Steps"), re.MULTILINE)
    assert in_backticks("".join(facts)) == set(FACTS)


def test_every_attribute_of_a_record_is_documented() -> None:
    """The page has exactly the attributes that a row can have."""
    assert first_cells(section("Record")) == every_attribute() - {"url"}


def test_the_queue_message_is_documented() -> None:
    """The page has exactly the keys that hooklog reads."""
    assert first_cells(section("Queue message")) == set(QueueMessage.model_fields)


# --- docs/architecture.md -----------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("[a-z]*.py")), ids=lambda path: path.stem)
def test_the_map_has_every_module(path: Path) -> None:
    """The drawing names each module of the package."""
    drawing = section("The map", _text("docs/architecture.md")).partition("\n| ")[0]
    assert re.search(rf"\b{path.stem}\b", drawing)


def test_the_glossary_names_modules_that_exist() -> None:
    """Each module that owns a term is there."""
    names = in_backticks(section("Glossary", _text("docs/architecture.md")))
    owners = {name for name in names if re.fullmatch(r"[a-z]+/[a-z_/]+", name)}
    assert len(owners) > 10
    for name in owners:
        assert any(
            (folder / f"{name}.py").exists() or (folder / name).is_dir() for folder in FOLDERS
        )


# --- README.md, CONTRIBUTING.md and all pages ---------------------------------------------------


def test_the_readme_is_short() -> None:
    """What a newcomer does not need first has a page of its own."""
    assert len(_text("README.md").split()) <= README_WORDS


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/local-invoke.md"])
def test_documented_make_targets_exist(page: str) -> None:
    """Each `make` command of the docs has its target."""
    commands = set(re.findall(r"(?:`|^\s*)make ([a-z]+)", _text(page), re.MULTILINE))
    assert commands
    assert commands <= _targets()


@pytest.mark.parametrize("name", sorted(in_backticks(CONTRIBUTING)))
def test_what_contributing_names_exists(name: str) -> None:
    """Each file, `make` target, command and identifier that it names is one of the project's."""
    if name.startswith("make "):
        assert name.split()[1] in _targets()
    elif name.startswith("hooklog "):
        command = get_command(app)
        for word in name.split()[1:]:
            assert isinstance(command, TyperGroup)
            command = command.commands[word]
    elif "/" in name or re.fullmatch(r"[\w-]*\.[a-z]+", name):
        pattern = re.sub(r"<[a-z ]+>", "*", name).rstrip("/")
        assert any(next(folder.glob(pattern), None) for folder in FOLDERS)
    else:
        assert re.fullmatch(r"\w+(\.\w+)*", name)
        assert set(name.split(".")) <= _names()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Relative links name files that exist."""
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_a_heading(page: Path) -> None:
    """The part of a relative link after `#` is a heading of the page that it names."""
    links = re.findall(r"\]\(([^)#:]*)#([^)]+)\)", page.read_text(encoding="utf-8"))
    for target, anchor in links:
        assert anchor in _anchors(page.parent / target if target else page), f"{target}#{anchor}"


def _text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):", _text("Makefile"), re.MULTILINE))


@cache
def _names() -> set[str]:
    """Return every word of the project's Python code, its template and its catalogue."""
    files = [file for pattern in SOURCES for file in ROOT.glob(pattern)]
    files += [ROOT / "template.yaml", ROOT / "layers/hooklog/hooklog/catalogue/catalogue.json"]
    return {
        word
        for file in files
        if file != Path(__file__)
        for word in re.findall(r"\w+", file.read_text(encoding="utf-8"))
    }


@cache
def _anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
