"""The stack's template as plain data: ``!Ref Table`` reads as ``Table``, and so on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parent.parent / "template.yaml"


class _Loader(yaml.SafeLoader):
    """Reads YAML, and what a CloudFormation tag stands before as if the tag were not there."""


def _untagged(loader: yaml.SafeLoader, _tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.add_multi_constructor("!", _untagged)


def template() -> dict[str, Any]:
    """Give the whole template."""
    read = _Loader(_FILE.read_text(encoding="utf-8")).get_single_data()
    assert isinstance(read, dict)
    return read


class _FullLoader(yaml.SafeLoader):
    """Reads YAML, and CloudFormation's short forms as the long ones."""


def _long_form(loader: _FullLoader, tag: str, node: yaml.Node) -> object:
    value = _untagged(loader, tag, node)
    if tag == "GetAtt":
        return {"Fn::GetAtt": str(value).split(".")}
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_FullLoader.add_multi_constructor("!", _long_form)


def deployable(*resources: str, outputs: tuple[str, ...]) -> str:
    """Give a template, as JSON, of these resources and outputs alone, with all parameters."""
    whole = _FullLoader(_FILE.read_text(encoding="utf-8")).get_single_data()
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
