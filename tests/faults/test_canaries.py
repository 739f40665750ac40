"""The search for canaries, which ends every test of this folder, has something to find."""

from __future__ import annotations

import json

from tests.faults import canary
from tests.faults.messages import fax, text_message


def test_canaries_are_everywhere() -> None:
    """Each message and each log contains a number and a text that must not leak."""
    for message in (fax("a"), text_message("b")):
        for text in (message.body, json.dumps(message.log)):
            assert set(canary.leaks(text)) == {canary.TEXT, canary.NUMBER[-8:]}
