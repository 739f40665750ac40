"""The environment that the enrich and the sweep function share, read once and checked."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, SecretStr, StringConstraints, model_validator

from hooklog.environment import Environment, NonEmpty
from hooklog.records.items import StorageOptions

_HOST = r"^[A-Za-z0-9.-]+(:[0-9]{1,5})?$"
#: Loopback names, and the one by which Docker's containers reach their own machine.
_LOCAL = re.compile(r"(localhost|host\.docker\.internal|127(\.\d{1,3}){3})(:\d+)?", re.IGNORECASE)


class Settings(Environment):
    """Base of both functions' settings."""

    table_name: NonEmpty = Field(description="name of the DynamoDB table")
    queue_url: NonEmpty = Field(description="URL of the queue")
    signalwire_space: Annotated[str, StringConstraints(pattern=_HOST)] = Field(
        description="host[:port] of the SignalWire space, such as example.signalwire.com"
    )
    signalwire_secret_arn: str = Field(
        "", description="secret with project_id and api_token; or set the next two"
    )
    signalwire_project_id: str = Field("", description="project ID, for local use")
    signalwire_api_token: SecretStr = Field(SecretStr(""), description="API token, for local use")
    fetch_connect_timeout: float = Field(3, gt=0, le=60, description="seconds to connect")
    fetch_read_timeout: float = Field(10, gt=0, le=60, description="seconds to wait for data")
    api_requests_per_second: float = Field(
        0, ge=0, le=10_000, description="requests per second that SignalWire allows; 0 finds out"
    )
    settle_faxes: bool = Field(
        default=True,
        description="true if the fax resource is fetched where nothing else tells how a fax ended",
    )
    index_numbers: bool = Field(
        default=False, description="true if the table has the index numbers, else false"
    )
    index_days: bool = Field(
        default=False, description="true if the table has the index days, else false"
    )
    record_ttl_days: int = Field(
        0, ge=0, le=3650, description="days to keep a row; 0 keeps rows for good"
    )

    @model_validator(mode="after")
    def _credentials_from_somewhere(self) -> Self:
        if not self.signalwire_secret_arn and not (
            self.signalwire_project_id and self.signalwire_api_token.get_secret_value()
        ):
            # Pydantic wants a ValueError; `load` turns it into ours.
            msg = (
                "Set SIGNALWIRE_SECRET_ARN, or both SIGNALWIRE_PROJECT_ID and SIGNALWIRE_API_TOKEN."
            )
            raise ValueError(msg)
        return self

    @property
    def storage(self) -> StorageOptions:
        """How rows are stored."""
        return StorageOptions(
            ttl=timedelta(days=self.record_ttl_days) if self.record_ttl_days else None,
            index_numbers=self.index_numbers,
            index_days=self.index_days,
        )

    @property
    def signalwire_url(self) -> str:
        """Base URL: https, but plain http on one machine, as in SignalWire's own client."""
        scheme = "http" if _LOCAL.fullmatch(self.signalwire_space) else "https"
        return f"{scheme}://{self.signalwire_space}"
