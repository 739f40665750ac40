"""The stack's template, in whole or in part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from local.template import FILE, function_properties, template, untagged

__all__ = ["deployable", "long_form", "properties", "template"]


class _FullLoader(yaml.CSafeLoader):
    """A YAML loader that reads CloudFormation's short forms as the long ones."""


def _long_form(loader: _FullLoader, tag: str, node: yaml.Node) -> object:
    value = untagged(loader, tag, node)
    if tag == "GetAtt":
        return {"Fn::GetAtt": str(value).split(".")}
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_FullLoader.add_multi_constructor("!", _long_form)


def long_form(file: Path) -> dict[str, Any]:
    """Return a template whose short forms are written as the long ones, as JSON needs it."""
    read: dict[str, Any] = _FullLoader(file.read_text(encoding="utf-8")).get_single_data()
    return read


def deployable(*resources: str, outputs: tuple[str, ...]) -> str:
    """Return a JSON template of these resources and outputs only, with all parameters."""
    whole = long_form(FILE)
    return json.dumps(
        {
            "Parameters": whole["Parameters"],
            "Conditions": whole["Conditions"],
            "Resources": {name: whole["Resources"][name] for name in resources},
            "Outputs": {name: whole["Outputs"][name] for name in outputs},
        }
    )


def properties(resource: str) -> dict[str, Any]:
    """Return the properties of one resource; a function's include those of `Globals`."""
    whole = template()
    if whole["Resources"][resource]["Type"] == "AWS::Serverless::Function":
        return function_properties(whole, resource)
    found = whole["Resources"][resource]["Properties"]
    assert isinstance(found, dict)
    return found
