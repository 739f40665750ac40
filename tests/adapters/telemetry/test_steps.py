"""The lines of single steps: at DEBUG only, in one form, and with nothing personal in them."""

from __future__ import annotations

import json
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from aws_lambda_powertools import Logger

from hooklog.adapters.telemetry.steps import step_lines
from hooklog.errors import BY_CODE
from hooklog.logs import KINDS
from hooklog.queue_messages import Origin
from hooklog.steps import Step
from hooklog.sweep.comparison import Verdict
from tests.builders import FAX_ID, body, delivery, failed_fax, failed_message
from tests.hostile import TEXTS
from tests.unit.enrich.test_pipeline import Harness

if TYPE_CHECKING:
    from hooklog.steps import Trace
    from local.space import Log

KEY = f"fax#{FAX_ID}"
#: What a log, a callback or a producer may bring, and no line may have.
PERSONAL = (
    *("+12025550143", "12025550143", "2025550143", "whatsapp:+12025550143", "fax#12025550143"),
    *("Mrs_Smith", "Jane", "call 202 555 0143", "https://example.com/?to=12025550143"),
    *("The call dropped prematurely", "Your code is 314159", "a@example.com", "30003", "PSK_key"),
    *("parked#12025550143", f"{KEY} ", f"sweep#{FAX_ID}", ""),
)


def telling(level: str = "DEBUG") -> Trace | None:
    """Return what a function with this level tells its steps to."""
    return step_lines(Logger(service=f"test-{uuid.uuid4()}", level=level, location=None))


@pytest.mark.parametrize("level", ["INFO", "WARNING", "ERROR"])
def test_above_debug_there_is_nothing_to_tell_to(level: str) -> None:
    """So a function computes nothing for a line that nobody reads."""
    assert telling(level) is None


def test_a_step_is_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """It names the log, the step and the facts; a fact that is None is left out."""
    trace = telling()
    assert trace is not None
    trace(KEY, Step.DELIVERED, attempt=2, origin=Origin.WEBHOOK, status=None)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert (line["level"], line["message"]) == ("DEBUG", "step")
    of_all = {"level", "message", "timestamp", "service"}
    assert {name: value for name, value in line.items() if name not in of_all} == {
        "log": KEY,
        "step": "delivered",
        "attempt": 2,
        "origin": "webhook",
    }


@pytest.mark.parametrize(
    "text",
    [*PERSONAL, *(one.text for one in TEXTS)],
    ids=[*range(len(PERSONAL)), *(one.kind for one in TEXTS)],
)
def test_no_text_from_outside_is_printed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither as a key nor as a fact, whatever it is."""
    trace = telling()
    assert trace is not None
    trace(text, Step.FETCHED, status=text, code=text, found=text)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert {line[name] for name in ("log", "status", "code", "found")} == {"unprintable"}


def test_own_words_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """Codes, outcomes, verdicts, origins, documented statuses, and keys of logs."""
    trace = telling()
    assert trace is not None
    statuses = {status for kind in KINDS.values() for status in kind.progress}
    words = [*BY_CODE, "failed", "succeeded", "in_progress", *Verdict, *Origin, *statuses]
    words += [KEY, f"message#{FAX_ID}", f"parked#{FAX_ID}"]
    for word in words:
        trace(KEY, Step.FETCHED, found=word)
    lines = map(json.loads, capsys.readouterr().out.splitlines())
    assert [line["found"] for line in lines] == words


@pytest.mark.parametrize("personal", PERSONAL[:-1], ids=range(len(PERSONAL) - 1))
def test_a_log_full_of_personal_data_leaves_none(
    personal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """From the message to the row, and to the parking of what cannot be read."""
    harness = Harness()
    harness.enricher = replace(harness.enricher, trace=telling())
    names = ("status", "error_code", "error_message", "from", "to", "url")
    texts: Log = dict.fromkeys(names, personal)
    harness.answer(failed_fax(remote_station=personal) | texts)
    harness.answer(failed_message() | texts | {"charge": personal})
    message = failed_message()["id"]
    harness.run(
        delivery(body("fax", FAX_ID, status=personal, error_code=personal), message_id="1"),
        delivery(body("message", str(message), status=personal), message_id="2"),
        delivery(personal, message_id=personal),
    )
    out = capsys.readouterr().out
    told = {line["step"] for line in map(json.loads, out.splitlines())}
    assert told == {"delivered", "fetched", "written", "parked"}
    assert personal.strip() == KEY or personal not in out.replace(KEY, "")
