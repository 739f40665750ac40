"""Powertools' parser, typed: data becomes a pydantic model, or an error that names its fields."""

from __future__ import annotations

from collections.abc import Mapping

from aws_lambda_powertools.utilities import parser
from aws_lambda_powertools.utilities.parser import ValidationError
from pydantic import BaseModel

#: Fields that a description names at most.
_MOST_FIELDS = 5

__all__ = ["ValidationError", "describe", "parse"]


def parse[Model: BaseModel](content: Mapping[str, object], model: type[Model]) -> Model:
    """Validate an object.

    Raises:
        ValidationError: the content does not fit the model.

    """
    return parser.parse(event=dict(content), model=model)


def describe(error: ValidationError) -> str:
    """Name the wrong fields and what is wrong, without values: these may be personal data."""
    wrong = [
        f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['type']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(wrong[:_MOST_FIELDS]) + ("; …" if len(wrong) > _MOST_FIELDS else "")
