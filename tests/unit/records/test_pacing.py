"""The pace as one instance keeps it, from a row's read to its last write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from hooklog.pace import Experience, Pace
from hooklog.records.pacing import Brake
from hooklog.records.rows import PACE_KEY, pace_values, present
from tests.fakes import NOW, FakeQueue, MemoryTable

if TYPE_CHECKING:
    from collections.abc import Sequence

MOMENT = NOW.timestamp()
LIMITED = Pace(rate=10.0, ceiling=10.0, since=MOMENT, limited_at=MOMENT - 3600, next_at=MOMENT + 3)
OUTAGE = Pace(outage="fetch.upstream", outage_at=MOMENT - 40, probe_at=MOMENT + 1)


@dataclass
class CountingQueue(FakeQueue):
    """A queue that counts how often its depth is asked for, which is a call of SQS."""

    looks: int = 0

    def depth(self) -> tuple[int, int]:
        """Return how many messages are visible, and how many in flight."""
        self.looks += 1
        return super().depth()


def table_with(pace: Pace) -> MemoryTable:
    """Return a table with a pace that another instance wrote."""
    return MemoryTable(items={PACE_KEY: present(pace_values(pace)) | {"version": 7}})


def test_a_known_limit_counts_before_a_row_is_read_and_without_one() -> None:
    """The deployment sets it; no 429 has to tell it first."""
    brake = Brake(MemoryTable(), moment=lambda: MOMENT, known=5)
    assert brake.pace.limit(MOMENT) == 5
    brake.read({})
    assert brake.pace.limit(MOMENT) == 5


def test_a_pace_counts_as_soon_as_it_is_read() -> None:
    """Reports and the sweep see the limit even if no slot can be taken."""
    table = table_with(LIMITED)
    brake = Brake(table, moment=lambda: MOMENT)
    brake.read(table.read([PACE_KEY]))
    assert brake.pace == LIMITED


def test_a_batch_changes_the_row_twice_after_one_read() -> None:
    """What it wrote itself it need not read again, unless somebody else came between."""
    table = table_with(LIMITED)
    brake = Brake(table, moment=lambda: MOMENT + 3)
    brake.read(table.read([PACE_KEY]))
    assert brake.grant(1).requests == 1
    brake.learn(Experience(began_at=MOMENT + 3, refused=1))
    assert (len(table.reads), len(table.writes)) == (1, 2)
    assert table.items[PACE_KEY]["version"] == 9


@pytest.mark.parametrize(
    ("pace", "is_served", "looks", "waits"),
    [
        (LIMITED, False, 1, [15.0, 45.1, 75.2]),
        (LIMITED, True, 0, [3, 3, 3]),
        (OUTAGE, False, 0, [10, 10, 10]),
        (OUTAGE, True, 0, [10, 10, 10]),
    ],
)
def test_the_depth_of_the_queue_is_asked_for_only_where_it_decides(
    pace: Pace, *, is_served: bool, looks: int, waits: Sequence[float]
) -> None:
    """A batch that got too few slots waits for the next free one, and an outage for its end."""
    queue = CountingQueue(messages=(1000, 3))
    table = table_with(pace)
    brake = Brake(table, moment=lambda: MOMENT, depth=queue.depth)
    brake.read(table.read([PACE_KEY]))
    assert brake.waits(3, is_served=is_served) == pytest.approx(waits, abs=0.1)
    assert queue.looks == looks
