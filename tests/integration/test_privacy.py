"""No log line or metric of the deployed functions has a phone number, message body or secret.

What the tests themselves print is searched after each of them, in ``tests/conftest.py``.
"""

from __future__ import annotations

import pytest

from local.stack import log_lines
from tests.integration.conftest import Deployment
from tests.privacy import leaks


@pytest.mark.integration
def test_nothing_personal_was_printed(
    deployment: Deployment, request: pytest.FixtureRequest
) -> None:
    """Search the log groups, after all other tests of the stack."""
    lines = log_lines(deployment.cloud, deployment.stack)
    if len(request.session.items) > 1:
        assert any('"message":"batch"' in line for line in lines), "nothing was logged"
    assert leaks("\n".join(lines)) == []


def test_the_search_finds_a_number() -> None:
    """The search can fail."""
    assert leaks("a call from +1 (202) 555-0143 to +12025550143") == ["25550143"]
