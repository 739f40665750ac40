"""The stack's template, whole or in part."""

from __future__ import annotations

import json
from typing import Any

import yaml

from local.template import FILE, template, untagged

__all__ = ["deployable", "properties", "template"]


class _FullLoader(yaml.SafeLoader):
    """Reads YAML, and CloudFormation's short forms as the long ones."""


def _long_form(loader: _FullLoader, tag: str, node: yaml.Node) -> object:
    value = untagged(loader, tag, node)
    if tag == "GetAtt":
        return {"Fn::GetAtt": str(value).split(".")}
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_FullLoader.add_multi_constructor("!", _long_form)


def deployable(*resources: str, outputs: tuple[str, ...]) -> str:
    """Give a template, as JSON, of these resources and outputs alone, with all parameters."""
    whole = _FullLoader(FILE.read_text(encoding="utf-8")).get_single_data()
    return json.dumps(
        {
            "Parameters": whole["Parameters"],
            "Conditions": whole["Conditions"],
            "Resources": {name: whole["Resources"][name] for name in resources},
            "Outputs": {name: whole["Outputs"][name] for name in outputs},
        }
    )


def properties(resource: str) -> dict[str, Any]:
    """Give the properties of one of the template's resources."""
    found = template()["Resources"][resource]["Properties"]
    assert isinstance(found, dict)
    return found
