"""What the composition roots of several functions wire alike."""

from __future__ import annotations

from typing import Final

import boto3
from botocore.config import Config

from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import (
    Credentials,
    CredentialsSource,
    FixedCredentials,
    SecretCredentials,
)
from hooklog.settings import Settings

#: AWS calls are few and small: better a quick failure and a redelivery than a long wait.
AWS: Final = Config(
    connect_timeout=2,
    read_timeout=5,
    retries={"mode": "standard", "total_max_attempts": 3},
    # AWS looks at the parameters anyway; botocore's own look is a fifth of a write's cost.
    parameter_validation=False,
)


def signalwire_api(settings: Settings, *, connections: int) -> SignalWireApi:
    """Make the client of the space that the settings name."""
    return SignalWireApi(
        settings.signalwire_url,
        _credentials(settings),
        connections=connections,
        connect_timeout=settings.fetch_connect_timeout,
        read_timeout=settings.fetch_read_timeout,
    )


def _credentials(settings: Settings) -> CredentialsSource:
    if settings.signalwire_secret_arn:
        return SecretCredentials(
            lambda: boto3.client("secretsmanager", config=AWS), settings.signalwire_secret_arn
        )
    return FixedCredentials(
        Credentials(
            settings.signalwire_project_id, settings.signalwire_api_token.get_secret_value()
        )
    )
