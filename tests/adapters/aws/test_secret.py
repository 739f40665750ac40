"""The secret itself: what an error says of why it cannot be read."""

from __future__ import annotations

import pytest
from botocore.exceptions import NoRegionError

from hooklog.adapters.aws.secret import Secret, SecretError
from tests.adapters.aws.secrets_manager import ARN, SecretsManager, client_error


@pytest.mark.parametrize(
    ("error", "reason", "has_no_value"),
    [
        (client_error("ResourceNotFoundException"), "ResourceNotFoundException", True),
        (client_error("AccessDeniedException"), "AccessDeniedException", False),
        (NoRegionError(), "NoRegionError", False),
    ],
)
def test_a_secret_that_cannot_be_read_has_a_reason(
    error: Exception, reason: str, *, has_no_value: bool
) -> None:
    """The reason is AWS's code and nothing of the message; an empty secret is told apart."""
    with pytest.raises(SecretError) as caught:
        Secret(SecretsManager(error).client, ARN).read()
    assert str(caught.value) == caught.value.reason == reason
    assert caught.value.has_no_value is has_no_value
