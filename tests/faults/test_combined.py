"""Two faults at once, of two messages in one batch or of one message at two steps."""

from __future__ import annotations

import pytest

from tests.faults.endings import looks
from tests.faults.expected import expected
from tests.faults.fakes import Fakes
from tests.faults.messages import fax, neighbours, text_message
from tests.faults.table import Row
from tests.faults.telemetry import KeptTelemetry
from tests.faults.test_alone import IN_MEMORY
from tests.faults.troubles import Tells


def one_of_each() -> list[Row]:
    """Return one fault per combination of step, slots and ending."""
    kinds: dict[object, Row] = {}
    for row in IN_MEMORY:
        assert row.trouble is not None
        kinds.setdefault((row.step, row.trouble.slots, row.ends), row)
    return list(kinds.values())


KINDS = one_of_each()


def check(telemetry: KeptTelemetry, first: list[Row], second: list[Row]) -> None:
    """Apply faults to two messages of a batch and check how every message ends."""
    has_resource = any(isinstance(row.trouble, Tells) for row in second)
    one, other = fax("one"), fax("other", 25) if has_resource else text_message("other")
    messages = [one, other, *neighbours()]
    bench = Fakes(telemetry)
    bench.list_logs(messages)
    ends, codes = {}, set()
    shared = [row for row in (*first, *second) if row.hits_all]
    for message, rows in zip(messages, (first, second, [], []), strict=True):
        for row in rows:
            assert row.trouble is not None
            row.trouble.befall(bench, message)
        ending, its_codes = expected({*rows, *shared})
        ends[message.name] = ending
        codes |= its_codes
    seen = bench.run(messages)
    assert seen == {message.name: looks(ends[message.name], message, 1.0) for message in messages}
    assert set(bench.report.errors) == codes


def fits(one: Row, other: Row) -> bool:
    """Return whether both faults can apply to the same message."""
    assert one.trouble is not None
    assert other.trouble is not None
    return not one.trouble.slots & other.trouble.slots


@pytest.mark.parametrize("one", KINDS, ids=str)
def test_faults_of_two_messages(telemetry: KeptTelemetry, one: Row) -> None:
    """Each message ends as it would alone, whatever the fault of the other one."""
    for other in KINDS[KINDS.index(one) :]:
        if not (one.hits_all and other.hits_all) or fits(one, other):
            check(telemetry, [one], [other])


@pytest.mark.parametrize("one", KINDS, ids=str)
def test_faults_of_one_message_at_two_steps(telemetry: KeptTelemetry, one: Row) -> None:
    """The first fault that ends the message decides; a later one can only return it."""
    for other in KINDS:
        if one.step < other.step and fits(one, other):
            check(telemetry, [one, other], [])
