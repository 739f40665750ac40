"""Powertools' parser, typed: data becomes a pydantic model, or an error that names its fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from aws_lambda_powertools.utilities import parser
from aws_lambda_powertools.utilities.parser import ValidationError
from pydantic import BaseModel, JsonValue

from hooklog.errors import BadPayloadError, LogInvalidError

#: Fields that a description names at most.
_MOST_FIELDS = 5

__all__ = ["ValidationError", "describe", "parse", "parse_readable", "read_answer"]


def parse[Model: BaseModel](content: Mapping[str, object], model: type[Model]) -> Model:
    """Validate an object.

    Raises:
        ValidationError: the content does not fit the model.

    """
    return parser.parse(event=dict(content), model=model)


def parse_readable[Model: BaseModel](content: Mapping[str, object], model: type[Model]) -> Model:
    """Validate an object, and leave out the fields that do not fit.

    Raises:
        ValidationError: a required field does not fit.

    """
    try:
        return parse(content, model)
    except ValidationError as error:
        wrong = {problem["loc"][0] for problem in error.errors()}
    return parse({name: content[name] for name in content.keys() - wrong}, model)


def read_answer[Content](text: str, read: Callable[[dict[str, JsonValue]], Content]) -> Content:
    """Read SignalWire's answer.

    Args:
        text: of the answer.
        read: validates its content, and raises ValidationError or ValueError.

    Raises:
        LogInvalidError: the content does not fit; the error has the answer.
        BadPayloadError: it is no JSON object, or is nested too deeply.

    """
    try:
        content = json.loads(text)
        if isinstance(content, dict):
            return read(content)
    except ValidationError as error:
        raise LogInvalidError(f"The log is invalid: {describe(error)}.", payload=text) from None
    except (ValueError, RecursionError):
        pass
    raise BadPayloadError("The answer is not a JSON object.")


def describe(error: ValidationError) -> str:
    """Name the wrong fields and what is wrong, without values: these may be personal data."""
    wrong = [
        f"{'.'.join(map(str, problem['loc'])) or 'the whole'}: {problem['type']}"
        for problem in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return "; ".join(wrong[:_MOST_FIELDS]) + ("; …" if len(wrong) > _MOST_FIELDS else "")
