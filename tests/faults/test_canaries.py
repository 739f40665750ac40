"""The search for canaries, which ends every test of this folder, finds each of them."""

from __future__ import annotations

import json

import pytest

from hooklog.errors import BadPayloadError
from tests.faults import canary
from tests.faults.messages import fax, text_message


@pytest.mark.parametrize("secret", [canary.NUMBER, canary.TEXT, canary.TOKEN])
def test_canary_in_an_exception(secret: str) -> None:
    """A canary is found in an exception's text and in the text of its cause."""
    canary.raised(BadPayloadError(f"about {secret}"))
    assert canary.leaks("\n".join(canary.SAID))
    canary.SAID.clear()
    error = BadPayloadError("harmless")
    error.__cause__ = KeyError(secret)
    canary.raised(error)
    assert canary.leaks("\n".join(canary.SAID))
    canary.SAID.clear()


def test_canaries_are_everywhere() -> None:
    """Each message and each log contains a number and a text that must not leak."""
    for message in (fax("a"), text_message("b")):
        for text in (message.body, json.dumps(message.log)):
            assert set(canary.leaks(text)) == {canary.TEXT, canary.NUMBER[-8:]}
