"""hooklog and its peers do the same job with the same batch, each with its own calls."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import pytest

from bench import logs
from bench.artefacts import bundled_typescript
from bench.batches import Batches
from bench.processes import Invocation, Stub, Subject
from bench.subjects import Name, from_source
from bench.workloads import NEW, NO_LATENCY, STORED, Workload
from tests.template import properties

SIZE = NEW.size
ONE_BY_ONE = {"GetLog": SIZE, "PutItem": SIZE}
NAMES: tuple[Name, ...] = ("hooklog", "sequential", "typescript")
#: One call reads the rows and the pace, four write the rows, and two the aliases of the faxes.
CALLS_FOR_NEW: Mapping[Name, Mapping[str, int]] = {
    "hooklog": {"BatchGetItem": 1, "GetLog": SIZE, "BatchExecuteStatement": 6},
    "sequential": ONE_BY_ONE,
    "typescript": ONE_BY_ONE,
}
CALLS_FOR_STORED: Mapping[Name, Mapping[str, int]] = {
    "hooklog": {"BatchGetItem": 1},
    "sequential": ONE_BY_ONE,
    "typescript": ONE_BY_ONE,
}


@pytest.fixture(scope="module")
def subjects(stub: Stub) -> Iterator[dict[Name, Subject]]:
    """Start every subject that this machine can run."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(recipe.start(stub))
            for name, recipe in from_source(bundled_typescript()).items()
        }


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest, subjects: dict[Name, Subject]) -> Name:
    """Return each subject's name; skip those that this machine cannot run."""
    name: Name = request.param
    if name not in subjects:
        pytest.skip("Node 20 and npm are not installed")
    return name


def test_new_logs(stub: Stub, subjects: dict[Name, Subject], name: Name) -> None:
    """The logs are stored with the expected calls."""
    sample = Batches(stub).process(subjects[name], NEW)
    assert sample.calls == CALLS_FOR_NEW[name]


def test_redelivered_logs(stub: Stub, subjects: dict[Name, Subject], name: Name) -> None:
    """The rows stay the same; hooklog only reads them, its peers fetch and write again."""
    batches = Batches(stub)
    batches.process(subjects[name], NEW)
    assert batches.process(subjects[name], STORED).calls == CALLS_FOR_STORED[name]


def test_failures_are_counted_by_error_code(
    stub: Stub, subjects: dict[Name, Subject], name: Name
) -> None:
    """Every subject's embedded metrics of a batch add up to its failed logs."""
    stub.reset(NO_LATENCY, empty_table=True)
    invocation = subjects[name].invoke(logs.sqs_event(0, 100))
    assert failures(invocation) == {
        ("fax", "34004"): 5,
        **{("message", code): 1 for code in ("30003", "30005", "30006", "30007", "30008")},
    }


def test_hooklog_prints_little(stub: Stub, subjects: dict[Name, Subject]) -> None:
    """Log lines and metrics of a batch of a hundred take at most sixty bytes per log."""
    assert Batches(stub).process(subjects["hooklog"], NEW).log_bytes <= 60 * SIZE


def test_a_thousand_logs(stub: Stub, subjects: dict[Name, Subject]) -> None:
    """The largest measured batch takes hooklog ten times the calls."""
    calls = Batches(stub).process(subjects["hooklog"], Workload("new", 1_000)).calls
    assert calls == {"BatchGetItem": 11, "GetLog": 1_000, "BatchExecuteStatement": 60}


def test_the_batch_is_as_large_as_a_deployed_one() -> None:
    """With the pace's, its rows are the hundred that one call reads."""
    size: int = properties("EnrichFunction")["Events"]["Queue"]["Properties"]["BatchSize"]
    assert size == SIZE


def failures(invocation: Invocation) -> dict[tuple[str, str], int]:
    """Return the sums of the metric of failed logs, by log type and error code."""
    counted: Counter[tuple[str, str]] = Counter()
    for line in invocation.printed.splitlines():
        # Warnings are not JSON.
        fields = json.loads(line) if line.startswith(b"{") else {}
        if "error_code" in fields:
            counts = fields["FailedLogs"]
            # Several values are a list.
            count = sum(counts) if isinstance(counts, list) else counts
            counted[fields["log_type"], fields["error_code"]] += int(count)
    return dict(counted)
