"""The stack's template as plain data: ``!Ref Table`` reads as ``Table``, and so on."""

from __future__ import annotations

from typing import Any

import yaml

from local.cloud import ROOT


class _Loader(yaml.SafeLoader):
    """Reads YAML, and what a CloudFormation tag stands before as if the tag were not there."""


def _untagged(loader: _Loader, _tag: str, node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return node.value


_Loader.add_multi_constructor("!", _untagged)


def template() -> dict[str, Any]:
    """Give the whole template."""
    read: dict[str, Any] = _Loader(
        (ROOT / "template.yaml").read_text(encoding="utf-8")
    ).get_single_data()
    return read
