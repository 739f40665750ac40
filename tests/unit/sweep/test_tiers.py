"""Each log is compared a few times, at certain ages, whatever stops a run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from hooklog.errors import ForbiddenError, HistoryLimitError, StoreUnavailableError
from hooklog.logs import FAX, KINDS, MESSAGE, LogKind
from hooklog.sweep.tiers import Sweeper, Swept, tiers
from hooklog.sweep.walk import Checkpoint, whole_second
from tests.builders import MESSAGE_ID
from tests.fakes import NOW
from tests.unit.sweep.harness import DAY, Harness, entry

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
TICK = timedelta(milliseconds=1)
TIERS = tiers(10 * MINUTE, 72 * HOUR)


@dataclass
class FakeCheckpoints:
    """Keeps checkpoints in memory."""

    current: dict[tuple[str, str], Checkpoint] = field(default_factory=dict)
    error: StoreUnavailableError | None = None
    save_error: StoreUnavailableError | None = None

    def load(self, kind: LogKind, tier: str) -> Checkpoint | None:
        """Return a checkpoint, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.current.get((kind.name, tier))

    def save(self, kind: LogKind, tier: str, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint, or raise the error."""
        if self.save_error is not None:
            raise self.save_error
        self.current[kind.name, tier] = checkpoint


class Runs:
    """The sweeps of a harness, one after the other."""

    def __init__(self, harness: Harness) -> None:
        """Wire the sweeper."""
        self.harness = harness
        self.checkpoints = FakeCheckpoints()
        self.sweeper = Sweeper(
            walker=harness.walker, checkpoints=self.checkpoints, tiers=TIERS, clock=harness.clock
        )

    def run(self, time_left: float = 900) -> dict[tuple[str, str], Swept]:
        """Sweep once; return the results by kind and tier."""
        swept = self.sweeper.sweep(lambda: time_left)
        return {(one.walk.kind.name, one.tier.name): one for one in swept}

    def asked(self, kind: LogKind) -> list[tuple[datetime, datetime]]:
        """Return and forget the periods of one kind that were asked for."""
        asked = [
            (start, end) for name, start, end, _ in self.harness.lists.asked if name == kind.name
        ]
        self.harness.lists.asked = [one for one in self.harness.lists.asked if one[0] != kind.name]
        return asked


@pytest.fixture
def runs(harness: Harness) -> Runs:
    """Return the sweeps of a fresh harness."""
    return Runs(harness)


@pytest.mark.parametrize(
    ("settling", "oldest", "ages"),
    [
        (10 * MINUTE, 72 * HOUR, {"": 10, "1h": 70, "24h": 1440, "48h": 2880, "72h": 4320}),
        (10 * MINUTE, 60 * HOUR, {"": 10, "1h": 70, "24h": 1440, "48h": 2880, "60h": 3600}),
        (0 * MINUTE, 72 * HOUR, {"": 0, "1h": 60, "24h": 1440, "48h": 2880, "72h": 4320}),
        (10 * MINUTE, 6 * HOUR, {"": 10, "1h": 70, "6h": 360}),
        (10 * MINUTE, 1 * HOUR, {"": 10, "1h": 60}),
        (24 * HOUR, 48 * HOUR, {"": 1440, "1h": 1500, "48h": 2880}),
        (24 * HOUR, 1 * HOUR, {"": 1440}),
    ],
)
def test_the_ages(settling: timedelta, oldest: timedelta, ages: dict[str, int]) -> None:
    """After settling, an hour later, each whole day, and at the oldest age."""
    assert {tier.name: tier.age // MINUTE for tier in tiers(settling, oldest)} == ages


def test_no_log_is_compared_more_than_six_times_in_three_days() -> None:
    """However often the sweep runs, each tier compares a log once."""
    assert len(TIERS) <= 6
    assert TIERS[-1].age == 72 * HOUR


def test_each_tier_compares_each_moment_once(runs: Runs) -> None:
    """The periods of a tier adjoin, whenever the runs begin; none is asked for twice."""
    for minutes in (61, 60, 59, 200, 1, 60 * 25, 60, 60 * 48, 60 * 24):
        runs.run()
        runs.harness.clock.advance(minutes=minutes, milliseconds=7)
    runs.run()
    periods = runs.asked(FAX)
    by_end = sorted((end, start + TICK) for start, end in periods)
    assert all(end == whole_second(end) for end, _ in by_end)
    covered: Counter[datetime] = Counter()
    for end, start in by_end:
        moment = start
        while moment < end:
            covered[moment] += 1
            moment += MINUTE
    assert max(covered.values()) == len(TIERS)
    # Later than where the first run began, and old enough at the last.
    watched = [count for moment, count in covered.items() if NOW < moment < NOW + DAY]
    assert set(watched) == {len(TIERS)}


def test_the_first_sweep_looks_back_three_days_and_leaves_the_youngest(runs: Runs) -> None:
    """Later tiers begin when logs reach their age."""
    results = runs.run()
    assert runs.asked(FAX) == [(NOW - 3 * DAY - TICK, NOW - 10 * MINUTE)]
    end = NOW - 10 * MINUTE
    assert runs.checkpoints.current["fax", ""] == Checkpoint(end, end)
    assert runs.checkpoints.current["fax", "72h"] == Checkpoint(NOW - 3 * DAY, NOW - 3 * DAY)
    assert all(swept.walk.is_complete for swept in results.values())


def test_the_next_sweep_takes_each_tier_an_hour_further(runs: Runs) -> None:
    """So each run has the same part of the work."""
    runs.run()
    runs.asked(FAX)
    runs.harness.clock.advance(hours=1)
    runs.run()
    later = NOW + HOUR
    assert sorted(runs.asked(FAX)) == sorted(
        (NOW - tier.age - TICK, later - tier.age) for tier in TIERS
    )


def test_a_checkpoint_of_an_earlier_version_is_gone_on_with(runs: Runs) -> None:
    """It was saved in the middle of a period; the tier continues at its page and then goes on."""
    runs.harness.lists.pages = {"fax": [[], []]}
    begun = Checkpoint(NOW - 2 * HOUR, NOW - HOUR, "1")
    runs.checkpoints.current["fax", ""] = begun
    runs.run()
    asked = [one for one in runs.harness.lists.asked if one[0] == "fax"]
    assert asked[0] == ("fax", NOW - 2 * HOUR - TICK, NOW - HOUR, "1")
    assert asked[1] == ("fax", NOW - HOUR - TICK, NOW - 10 * MINUTE, None)


def test_what_stops_one_kind_does_not_stop_the_other(runs: Runs) -> None:
    """If the token lacks the Fax scope, messages are still swept and the error is reported."""
    runs.checkpoints.current["fax", ""] = Checkpoint(NOW - 5 * DAY, NOW - 5 * DAY)
    runs.harness.lists.errors = [ForbiddenError()]
    runs.harness.lists.pages = {"message": [[entry(MESSAGE_ID)]]}
    results = runs.run()
    assert isinstance(results["fax", ""].walk.error, ForbiddenError)
    assert results["message", ""].walk.is_complete
    assert [sent["log_type"] for sent in runs.harness.producer.sent] == ["message"]


def test_a_watermark_older_than_the_history_is_given_up(runs: Runs) -> None:
    """After months without a sweep the next ones find where the history begins."""
    long_ago = NOW - 400 * DAY
    runs.checkpoints.current["fax", ""] = Checkpoint(long_ago, long_ago)
    runs.harness.lists.errors = [HistoryLimitError()]
    assert isinstance(runs.run()["fax", ""].walk.error, HistoryLimitError)
    # Halfway to what is listed, and so on in the next runs.
    middle = runs.checkpoints.current["fax", ""].watermark
    assert NOW - 201 * DAY < middle < NOW - 199 * DAY
    assert runs.run()["fax", ""].walk.is_complete


def test_a_history_shorter_than_the_overlap_is_found(runs: Runs) -> None:
    """Each run comes closer to it, so that the first tier works after a few."""
    for _ in range(30):
        runs.harness.lists.errors = [HistoryLimitError()]
        runs.run()
    watermark = runs.checkpoints.current["fax", ""].watermark
    assert watermark > NOW - HOUR


def test_the_tier_that_is_furthest_behind_goes_first(runs: Runs) -> None:
    """So none starves, after the first tier of each kind; of equals, the young logs go first."""
    for name, tier, behind in (("fax", "24h", 9), ("message", "", 5), ("fax", "", 3)):
        age = next(one.age for one in TIERS if one.name == tier)
        watermark = NOW - age - behind * HOUR
        runs.checkpoints.current[name, tier] = Checkpoint(watermark, watermark)
    runs.checkpoints.current["message", "24h"] = Checkpoint(NOW - DAY, NOW - DAY)
    swept = runs.sweeper.sweep(lambda: 900)
    order = [(one.walk.kind.name, one.tier.name) for one in swept]
    assert order[:2] == [("message", ""), ("fax", "")]
    assert order.index(("fax", "24h")) < order.index(("message", "24h"))


def test_of_tiers_that_are_equally_far_the_young_go_first(runs: Runs) -> None:
    """A first sweep takes each kind's first tier, then each tier by its age."""
    order = [one.tier.name for one in runs.sweeper.sweep(lambda: 900)]
    assert order == [tier.name for tier in TIERS for _ in KINDS]


def test_a_history_that_begins_a_second_later_is_found(runs: Runs) -> None:
    """Half of a second is rounded down, so each step is a second longer than half of the way."""
    goal = NOW - TIERS[0].age
    watermark = goal - timedelta(seconds=1)
    for kind in KINDS:
        runs.checkpoints.current[kind, ""] = Checkpoint(watermark, watermark)
    runs.harness.lists.errors = [HistoryLimitError() for _ in KINDS]
    swept = runs.run()
    for kind in KINDS:
        assert isinstance(swept[kind, ""].walk.error, HistoryLimitError)
        assert runs.checkpoints.current[kind, ""] == Checkpoint(goal, goal)


def test_a_step_that_cannot_be_saved_fails_nothing(runs: Runs) -> None:
    """The next run meets the same, and tries again."""
    runs.run()
    runs.harness.clock.advance(hours=1)
    runs.harness.lists.errors = [HistoryLimitError()]
    runs.checkpoints.save_error = StoreUnavailableError()
    assert isinstance(runs.run()["fax", ""].walk.error, HistoryLimitError)


def test_an_incomplete_tier_says_how_far_it_is_behind(runs: Runs) -> None:
    """And a complete one is not behind, however long the run took."""
    runs.run()
    runs.harness.clock.advance(hours=3)
    late = runs.run(time_left=1)
    assert {swept.behind for swept in late.values()} == {3 * HOUR}
    assert not late["fax", "24h"].walk.is_complete
    assert {swept.behind for swept in runs.run().values()} == {timedelta(0)}


def test_checkpoints_that_cannot_be_read_fail_the_run(runs: Runs) -> None:
    """Without them the sweep would begin anew."""
    runs.checkpoints.error = StoreUnavailableError()
    with pytest.raises(StoreUnavailableError):
        runs.run()


def test_a_crash_repeats_a_page_and_loses_none(runs: Runs) -> None:
    """What was not saved is asked for again, whatever tier it belongs to."""
    runs.run()
    runs.harness.clock.advance(hours=1)
    runs.harness.lists.pages = {"message": [[entry(MESSAGE_ID)]]}
    runs.harness.producer.error = None
    broken = replace(runs.harness.walker, store=None)  # type: ignore[arg-type] # it crashes
    with pytest.raises(AttributeError):
        replace(runs.sweeper, walker=broken).sweep(lambda: 900)
    runs.run()
    assert runs.checkpoints.current["message", ""].watermark == NOW + 50 * MINUTE
    assert {sent["log_id"] for sent in runs.harness.producer.sent} == {MESSAGE_ID}


def test_kinds_have_their_own_checkpoints(runs: Runs) -> None:
    """Each kind of log has every tier."""
    runs.run()
    assert set(runs.checkpoints.current) == {
        (kind.name, tier.name) for kind in (FAX, MESSAGE) for tier in TIERS
    }
