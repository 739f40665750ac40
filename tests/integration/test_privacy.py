"""No log line or metric of the whole suite has a phone number, message body or secret."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from local.space import API_TOKEN, LOG_TYPES, PROJECT_ID, generate
from local.stack import log_lines
from tests.builders import fax_log, message_log
from tests.captured import CAPTURED
from tests.integration.conftest import Deployment
from tests.webhook import KEY

#: The last digits identify a number in any notation.
_DIGITS = 8


def secrets() -> set[str]:
    """Return what must not appear: numbers, error texts, credentials and keys."""
    space = generate(seed=11, fax=60, message=60, now=datetime.now(UTC))
    logs = [fax_log(), message_log()]
    logs += [log for log_type in LOG_TYPES for log in space.logs(log_type).values()]
    numbers = {
        digits[-_DIGITS:]
        for log in logs
        for end in ("from", "to")
        if len(digits := re.sub(r"\D", "", str(log.get(end) or ""))) >= _DIGITS
    }
    texts = {str(log["error_message"]) for log in logs if log.get("error_message")}
    return numbers | texts | {API_TOKEN, f"{PROJECT_ID}:{API_TOKEN}", KEY}


@pytest.mark.integration
def test_nothing_personal_was_printed(
    deployment: Deployment, request: pytest.FixtureRequest
) -> None:
    """Search all captured output, including the deployed functions' log groups."""
    functions = log_lines(deployment.cloud, deployment.stack)
    if len(request.session.items) > 1:
        assert any('"message":"batch"' in line for line in functions), "nothing was captured"
    output = "\n".join([*CAPTURED, *functions])
    found = sorted(secret for secret in secrets() if secret in output)
    assert not found, f"{len(found)} of the secrets appear in the output"


def test_the_search_finds_a_number() -> None:
    """The check above can fail."""
    assert any(secret in "a call from +1 (202) 555-0143 to +12025550143" for secret in secrets())
