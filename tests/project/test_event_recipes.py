"""The recipes for events: valid templates, and commands that deploy them."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from local.cloud import ROOT, environment_without_aws
from tests.template import long_form

RECIPES = sorted(ROOT.glob("docs/events/recipes/*"))
PAGE = (ROOT / "docs/events.md").read_text(encoding="utf-8")


def command(recipe: Path) -> list[str]:
    """Return the words of the page's only command that deploys a recipe."""
    lines = PAGE.replace("\\\n", " ").splitlines()
    name = str(recipe.relative_to(ROOT))
    (line,) = [line for line in lines if line.startswith("aws ") and name in line.split()]
    return shlex.split(line)


def test_cfn_lint_finds_nothing() -> None:
    """Neither errors nor warnings."""
    run = subprocess.run(
        [ROOT / ".tools/sam/bin/cfn-lint", "--regions", "us-east-1", "--", *RECIPES],
        env=environment_without_aws(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.returncode, run.stdout) == (0, ""), run.stdout + run.stderr


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.stem)
def test_the_page_deploys_each_recipe(recipe: Path) -> None:
    """Its command has each parameter without a default, no unknown one, and what roles need."""
    words = command(recipe)
    template = long_form(recipe)
    given = {word.partition("=")[0] for word in words if re.match(r"\w+=", word)}
    parameters = template["Parameters"]
    assert {name for name, one in parameters.items() if "Default" not in one} <= given
    assert given <= parameters.keys()
    roles = any(one["Type"] == "AWS::IAM::Role" for one in template["Resources"].values())
    assert roles == ("CAPABILITY_IAM" in words)
    assert f"({recipe.relative_to(ROOT / 'docs')})" in PAGE


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.stem)
def test_each_recipe_hears_only_hooklog(recipe: Path) -> None:
    """Its rule is on the bus of the parameter, and other applications' events do not match."""
    rule = long_form(recipe)["Resources"]["Rule"]["Properties"]
    assert rule["EventBusName"] == {"Ref": "EventBus"}
    assert rule["EventPattern"]["source"] == ["hooklog"]
