"""What the settings of a function have in common: they are read from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from hooklog.errors import SettingsError
from hooklog.parsing import ValidationError, parse

_NAMESPACE = r"^[A-Za-z0-9._/#-]{1,255}$"

type NonEmpty = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Environment(BaseModel):
    """Base of settings. Field names are the environment's, in lower case."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    metrics_namespace: Annotated[str, StringConstraints(pattern=_NAMESPACE)] = Field(
        "Hooklog", description="CloudWatch namespace of the metrics"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="DEBUG, INFO, WARNING or ERROR"
    )

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> Self:
        """Read the environment.

        Raises:
            SettingsError: a variable is missing or malformed; the sentence names it and
                never shows a value.

        """
        given = {
            name: environ[name.upper()] for name in cls.model_fields if name.upper() in environ
        }
        try:
            return parse(given, cls)
        except ValidationError as error:
            problem = error.errors(include_url=False, include_input=False)[0]
            if not problem["loc"]:
                raise SettingsError(str(problem["ctx"]["error"])) from None
            name, message = str(problem["loc"][0]), problem["msg"]
            purpose = cls.model_fields[name].description
            raise SettingsError(
                f"{name.upper()} is not set; it must be the {purpose}."
                if problem["type"] == "missing"
                else f"{name.upper()} is malformed ({purpose}): {message}."
            ) from None
