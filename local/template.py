"""The stack's template as plain data: ``!Ref Table`` becomes ``Table``, and so on."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from typing import Any, Final

import yaml

from local.cloud import ROOT

FILE: Final = ROOT / "template.yaml"


class _Loader(yaml.CSafeLoader):
    """A YAML loader that ignores CloudFormation's tags and keeps their values."""


def untagged(loader: yaml.constructor.SafeConstructor, _tag: str, node: yaml.Node) -> object:
    """Return the value after a tag."""
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.add_multi_constructor("!", untagged)


def template() -> dict[str, Any]:
    """Return the whole template."""
    return deepcopy(_template())


@cache
def _template() -> dict[str, Any]:
    read: dict[str, Any] = _Loader(FILE.read_text(encoding="utf-8")).get_single_data()
    return read


def function_properties(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """Return a function's properties, together with those that all functions share.

    Like SAM, it merges maps and otherwise prefers the function's own value. SAM would concatenate
    lists, but no function has a list that is shared.

    Args:
        whole: the template as plain data.
        name: the function's logical ID.

    """
    return _merged(whole["Globals"]["Function"], whole["Resources"][name]["Properties"])


def _merged(shared: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: _merged(value, own[name]) if isinstance(value, dict) else own[name]
        for name, value in shared.items()
        if name in own
    }
    return shared | own | both
