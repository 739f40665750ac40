"""Powertools' parser, typed: data becomes a pydantic model, or an error that names its fields."""

from __future__ import annotations

from typing import Annotated, cast

from aws_lambda_powertools.utilities import parser
from aws_lambda_powertools.utilities.parser import ValidationError
from pydantic import BaseModel, StringConstraints

from hooklog.queue_messages import UUID_PATTERN

#: A log ID becomes part of a URL path, so only a UUID is accepted; it is stored in lower case.
type LogId = Annotated[str, StringConstraints(to_lower=True, pattern=f"(?i)^{UUID_PATTERN}$")]

#: Fields that a description names at most.
_MOST_FIELDS = 5

__all__ = ["LogId", "ValidationError", "describe", "is_no_object", "parse"]


def parse[Model: BaseModel](content: object, model: type[Model]) -> Model:
    """Validate an object or a JSON text.

    Raises:
        ValidationError: the content does not fit the model.

    """
    # The parser reads JSON text, too; its annotations only speak of objects.
    return parser.parse(event=cast("dict[str, object]", content), model=model)


def is_no_object(error: ValidationError) -> bool:
    """Return whether the content as a whole is wrong: not JSON, or not an object."""
    return not error.errors()[0]["loc"]


def describe(error: ValidationError) -> str:
    """Name the wrong fields and what is wrong, without values: these may be personal data."""
    wrong = [
        f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['type']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(wrong[:_MOST_FIELDS]) + ("; …" if len(wrong) > _MOST_FIELDS else "")
