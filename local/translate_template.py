"""Print the template as CloudFormation receives it: JSON, with SAM's short forms expanded.

This runs on the SAM CLI's own Python, which has the translator::

    .tools/sam/bin/python local/translate_template.py
"""

from __future__ import annotations

import json
from pathlib import Path

from samcli.lib.translate.sam_template_validator import (  # type: ignore[import-not-found]
    SamTemplateValidator,
)
from samcli.yamlhelper import yaml_parse  # type: ignore[import-not-found]

TEMPLATE = Path(__file__).parent.parent / "template.yaml"


class NoManagedPolicies:
    """No managed policies of AWS: the template writes out its roles."""

    @staticmethod
    def load() -> dict[str, str]:
        """Return ARNs by name."""
        return {}


def translated() -> str:
    """Translate the template; conditions and references stay unchanged."""
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    validator = SamTemplateValidator(template, NoManagedPolicies(), region="us-east-1")
    return json.dumps(yaml_parse(validator.get_translated_template_if_valid()), indent=1)


if __name__ == "__main__":
    print(translated())
