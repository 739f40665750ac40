"""The functions do their job while they are measured, with these calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import cast

import pytest

from bench import callbacks, changes, pages
from bench.processes import Stub, Subject
from bench.subjects import DRIVER, Recipe, from_source
from bench.workloads import NO_LATENCY
from local.cloud import ROOT
from tests.bench.conftest import Idler

LAYER = ROOT / "layers/hooklog"
PYTHON = (sys.executable, "-P", str(DRIVER))


def webhook(variables: Mapping[str, str]) -> Recipe:
    """Return the webhook function as it is in the tree."""
    return Recipe(PYTHON, [ROOT / "functions/webhook", LAYER], variables)


def test_a_callback_is_one_message_and_no_output(stub: Stub) -> None:
    """A warm function reads no secret; what it prints would cost more than the callback."""
    with webhook(callbacks.VARIABLES).start(stub) as subject:
        measured = callbacks.measure(stub, subject, is_queued=True, rounds=1)
    assert (measured.calls, measured.log_bytes) == ({"SendMessage": measured.size}, 0)


def test_a_callback_that_tells_no_end_is_only_answered(stub: Stub) -> None:
    """With the parameter CallbackStatuses=Final it costs no call and prints nothing."""
    with webhook(callbacks.ONLY_ENDS).start(stub) as subject:
        measured = callbacks.measure(stub, subject, is_queued=False, rounds=1)
    assert (measured.calls, measured.log_bytes) == ({}, 0)


def test_a_page_is_read_in_hundreds(stub: Stub) -> None:
    """A page costs one request, two reads of its rows, one of the pace, and one checkpoint."""
    sweep = Recipe(PYTHON, [ROOT / "functions/sweep", LAYER], pages.VARIABLES)
    with from_source(None)["hooklog"].start(stub) as enrich, sweep.start(stub) as subject:
        measured = pages.measure(stub, enrich, subject, rounds=1)
    assert measured.calls == {"ListLogs": 1, "BatchGetItem": 3, "PutItem": 1}


def test_a_sweep_of_nothing(stub: Stub) -> None:
    """A start is measured with a sweep to which nothing is listed, and expects its answer."""
    stub.reset(NO_LATENCY)
    sweep = Recipe(PYTHON, [ROOT / "functions/sweep", LAYER], pages.VARIABLES)
    with sweep.start(stub) as subject:
        assert subject.invoke({}).response == pages.NOTHING


@pytest.mark.parametrize("size", changes.SIZES)
def test_changes_are_told_in_tens(stub: Stub, size: int) -> None:
    """A batch of the table's changes costs a call per ten events, and prints its metrics."""
    publish = Recipe(PYTHON, [ROOT / "functions/publish", LAYER], changes.VARIABLES)
    with publish.start(stub) as subject:
        measured = changes.measure(stub, subject, size, rounds=1)
    assert measured.calls == {"PutEvents": -(-size // 10)}
    assert 0 < measured.log_bytes < 500


def test_changes_that_come_again_are_not_measured(stub: Stub) -> None:
    """A batch that failed says nothing of one that was told."""
    failed = Idler({"batchItemFailures": [{"itemIdentifier": "1"}]})
    with pytest.raises(RuntimeError, match="returned"):
        changes.measure(stub, cast("Subject", failed), 1, rounds=1)


def test_a_refused_callback_is_not_measured(stub: Stub) -> None:
    """A refusal takes less time, and says nothing of a callback."""
    with pytest.raises(RuntimeError, match="not accepted"):
        callbacks.measure(
            stub, cast("Subject", Idler({"statusCode": 403})), is_queued=True, rounds=1
        )


def test_an_accepted_callback_is_on_the_queue(stub: Stub) -> None:
    """A function that answers and sends nothing is not measured."""
    with pytest.raises(RuntimeError, match="instead of"):
        callbacks.measure(
            stub, cast("Subject", Idler(callbacks.ACCEPTED)), is_queued=True, rounds=1
        )
