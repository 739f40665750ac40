"""docs/security.md names only tests, commands, settings and attributes that exist."""

from __future__ import annotations

import re

import pytest

from hooklog_ops.erasure import MAY_HOLD_NUMBERS
from local.cloud import ROOT
from tests.template import template

PAGE = (ROOT / "docs/security.md").read_text(encoding="utf-8")
MODEL = PAGE.partition("## Threat model\n")[2].partition("\n## ")[0]
PERSONAL = PAGE.partition("## Personal data\n")[2].partition("\n## ")[0]


def cells(table: str) -> list[list[str]]:
    """Return the rows of a table, without its header."""
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


@pytest.mark.parametrize("row", cells(MODEL), ids=lambda row: row[0])
def test_every_threat_has_its_control_its_test_and_what_is_left(row: list[str]) -> None:
    """Each row has all its cells, and the tests that it names exist."""
    _asset, _reach, _threat, control, tests, left = row
    assert control
    assert left
    named = re.findall(r"`(tests/[a-z_/]+\.py)`", tests)
    assert named
    assert all((ROOT / name).exists() for name in named)


def test_every_attribute_that_may_hold_a_number_is_named() -> None:
    """The table of personal data has every attribute that can identify a person."""
    named = set(re.findall(r"`([^`]+)`", PERSONAL))
    assert {*MAY_HOLD_NUMBERS, "redriven_by"} <= named


def test_the_periods_are_those_of_the_template() -> None:
    """The page states in days how long messages are kept."""
    resources = template()["Resources"]
    waiting, dead, unpublished = (
        resources[name]["Properties"]["MessageRetentionPeriod"] // 86400
        for name in ("Queue", "DeadLetterQueue", "UnpublishedQueue")
    )
    assert f"{waiting} and {dead} days" in PERSONAL
    assert f"with the IDs of logs | {unpublished} days |" in PERSONAL


def test_the_settings_and_commands_that_it_names_exist() -> None:
    """A reader can follow the page as it is written."""
    settings = set(re.findall(r"`([A-Z][a-z]+(?:[A-Z][A-Za-z]+)+)(?:=\w+)?`", PAGE))
    settings -= {"AuthType", "GetItem", "PutItem", "PutEvents", "KmsKeyId"}
    assert settings
    assert settings <= {*template()["Parameters"], *template()["Resources"]}
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    commands = set(re.findall(r"`make ([a-z]+)", PAGE))
    assert {"audit", "lock", "sbom"} <= commands <= targets
