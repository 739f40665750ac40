"""Print the template as CloudFormation gets it: as JSON, with SAM's short forms written out.

It runs on the SAM CLI's own Python, which has the translator::

    .tools/sam/bin/python local/translated.py
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
    """Gives no policy of AWS's own: the template's roles are written out."""

    @staticmethod
    def load() -> dict[str, str]:
        """Give ARNs by name."""
        return {}


def translated() -> str:
    """Translate the template; conditions and references stay as they are."""
    template = yaml_parse(TEMPLATE.read_text(encoding="utf-8"))
    validator = SamTemplateValidator(template, NoManagedPolicies(), region="us-east-1")
    return json.dumps(yaml_parse(validator.get_translated_template_if_valid()), indent=1)


if __name__ == "__main__":
    print(translated())
