"""Whatever happens, every row finally equals the truth and each failure counts once.

A state machine of sends, callbacks, the queue, concurrent invocations of the enrich function,
sweeps and the table. The functions are hooklog's own code down to the ports. At each call of
a port, Hypothesis decides which invocation goes on, and what effect the call has.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.logs import FAX
from hooklog.records.parking import Redrive
from hooklog.webhook.front_door import FrontDoor
from local.space import Callback, simulate_sends
from tests.builders import body
from tests.fakes import NOW, FakeDoorTelemetry, FakeKeys, Item
from tests.properties.enrich_invocation import EnrichInvocation
from tests.properties.faults import Effect, Fault, PortCall
from tests.properties.invocation import Invocation
from tests.properties.message_queue import Message
from tests.properties.profiles import examples
from tests.properties.space import Progress, compared, event_of
from tests.properties.sweep_invocation import SweepInvocation
from tests.properties.world import World
from tests.webhook import BASE, KEY

SENDS = [
    send
    for seed, is_sid, contradict in ((6, False, 0.0), (7, True, 0.0), (8, False, 1.0))
    for send in simulate_sends(
        seed, 24, NOW, failing=0.5, contradict=contradict, fax_id_is_sid=is_sid
    )
]
#: Each clock is accurate to one second.
SKEWS = st.sampled_from([timedelta(seconds=-1), timedelta(seconds=1)])
#: Seconds. Short pauses matter most, because skewed clocks may then reverse the order.
PAUSES = st.sampled_from([0, 0, 0, 0.4, 0.4, 0.4, 2.5, 20, 450, 4000])
#: Bodies that name an unknown log, an unknown kind of log, or nothing.
NONSENSE = (
    '{"log_type": "fax", "log_id": "00000000-0000-4000-8000-000000000000"}',
    '{"log_type": "letter", "log_id": "1"}',
    "no JSON",
)
#: Rows in place of the pace's: what nobody wrote, what an older hooklog may have written, and what
#: an instance with a wrong clock wrote.
_MOMENT = int(NOW.timestamp())
PACES: tuple[Item | None, ...] = (
    None,
    {},
    {"rate": "fast"},
    {"rate": Decimal(-1), "since": Decimal(_MOMENT)},
    {"rate": Decimal(1), "ceiling": Decimal(1), "since": Decimal(_MOMENT)},
    {"rate": Decimal(5), "since": Decimal(_MOMENT), "next_at": Decimal(_MOMENT + 10**6)},
    {"rate": Decimal(5), "ceiling": Decimal(5), "since": Decimal(_MOMENT + 10**6)},
    {"outage": "fetch.upstream", "outage_at": Decimal(_MOMENT)},
    {"outage": "fetch.upstream", "outage_at": Decimal(_MOMENT + 10**8)},
    {"outage": "?", "outage_at": "yesterday", "probe_at": [True]},
)
#: The most deliveries that a message needs when all faults are over.
ENOUGH = 30


class NoLogLost(RuleBasedStateMachine):
    """All events that may happen."""

    def __init__(self) -> None:
        """Start with nothing sent."""
        super().__init__()
        self.world = World()
        self.callbacks: list[Callback] = []
        self.running: list[Invocation] = []
        self.sweeps = 0
        self.door = FrontDoor(BASE, FakeKeys((KEY,)), self.world.queue, FakeDoorTelemetry())

    # --- choices ------------------------------------------------------------------------------

    @property
    def sends(self) -> list[Progress]:
        """All sends so far."""
        return list(self.world.space.sends.values())

    @property
    def moving(self) -> list[Progress]:
        """Sends whose logs can still change."""
        return [one for one in self.sends if not one.is_settled]

    @property
    def bodies(self) -> list[str]:
        """One message per log."""
        return [body(one.kind.name, one.send.log_id) for one in self.sends]

    @property
    def parked(self) -> list[str]:
        """The keys of parked rows."""
        return [key for key, row in self.world.table.items.items() if "parked_at" in row]

    # --- SignalWire ---------------------------------------------------------------------------

    @initialize(skew=SKEWS, others=st.sampled_from([(0, 0), (0, 0), (50_000, 5_000)]))
    def queue(self, skew: timedelta, others: tuple[int, int]) -> None:
        """The queue stamps messages with its own clock, and may be full."""
        self.world.queue.skew = skew
        self.world.queue.others = others

    @initialize(numbers=st.lists(st.integers(0, len(SENDS) - 1), min_size=1, max_size=2))
    def send(self, numbers: list[int]) -> None:
        """One or two sends begin: few, so that many events concern the same row."""
        for send in (SENDS[number] for number in numbers):
            self.world.space.sends[send.log_id] = Progress(send)
            self._go_on(self.world.space.sends[send.log_id])

    @precondition(lambda self: self.moving)
    @rule(
        send=st.runner().flatmap(lambda self: st.sampled_from(self.moving)),
        steps=st.sampled_from([1, 2, 9]),
    )
    def progress(self, send: Progress, steps: int) -> None:
        """A log reaches a later status; its callbacks may come later."""
        if send.is_over:
            send.settle()
        for _ in range(steps):
            self._go_on(send)

    @precondition(lambda self: self.callbacks)
    @rule(place=st.integers(0, 9), again=st.booleans())
    def call_back(self, place: int, *, again: bool) -> None:
        """A callback arrives and may arrive again; others may be lost."""
        callback = self.callbacks[place % len(self.callbacks)]
        assert self.door.handle(event_of(callback)) == {"statusCode": 204}
        if not again:
            self.callbacks.remove(callback)

    # --- other messages on the queue ----------------------------------------------------------

    @precondition(lambda self: len(self.world.queue.waiting) < 6)
    @rule(
        body=st.runner().flatmap(lambda self: st.sampled_from([*self.bodies * 3, *NONSENSE])),
        age=st.sampled_from([timedelta(0), timedelta(0), LONGEST_WAIT]),
    )
    def ask(self, body: str, age: timedelta) -> None:
        """A message requests a log by its ID, or something that does not exist."""
        self.world.queue.send(body, age=age)

    @precondition(lambda self: self.parked and len(self.world.queue.waiting) < 6)
    @rule(key=st.runner().flatmap(lambda self: st.sampled_from(self.parked)))
    def redrive(self, key: str) -> None:
        """An operator puts a parked message on the queue again."""
        at, row = self.world.clock(), self.world.table.read([key])[key]
        assert row.parked_at is not None
        write = Redrive(key=key, parked_at=row.parked_at, by="an operator", at=at).plan(row)
        assert write is not None
        self.world.table.write(write, None)
        body = str(self.world.table.items[key]["parked_body"])
        if body.startswith("{"):
            body = json.dumps(json.loads(body) | {"origin": "redrive"})
        self.world.queue.send(body, parked_as=key)

    # --- the pace -----------------------------------------------------------------------------

    @rule(pace=st.sampled_from(PACES))
    def overwrite_pace(self, pace: Item | None) -> None:
        """The row of the pace is lost, or overwritten with something else."""
        self.world.table.overwrite_pace(pace)

    # --- functions ----------------------------------------------------------------------------

    @precondition(lambda self: self.world.queue.waiting and len(self.running) < 4)
    @rule(
        seconds=PAUSES,
        messages=st.runner().flatmap(
            lambda self: st.lists(
                st.sampled_from(self.world.queue.waiting), min_size=1, max_size=8, unique=True
            )
        ),
        receives=st.sampled_from([0, 0, 0, 195]),
        skew=SKEWS,
        fault=st.sampled_from(EnrichInvocation.faults),
    )
    def enrich(
        self,
        seconds: float,
        messages: list[Message],
        receives: int,
        skew: timedelta,
        fault: Fault,
    ) -> None:
        """An invocation receives a batch and runs to its first fault.

        Another one may hold the same message, and many earlier ones may have lost it.
        """
        self.wait(seconds)
        for message in messages:
            message.receives += receives
        self.running.append(EnrichInvocation(self.world, messages, skew))
        self.resume(0, (self.running[-1], fault))

    @precondition(lambda self: self.world.queue.waiting and len(self.running) < 4)
    @rule(
        message=st.runner().flatmap(lambda self: st.sampled_from(self.world.queue.waiting)),
        times=st.sampled_from([3, 4, 9, 10]),
        skew=SKEWS,
        fault=st.sampled_from(
            [
                Fault(PortCall.ANSWER, Effect.NOT_FOUND),
                Fault(PortCall.ANSWER, Effect.REFUSED),
                Fault(PortCall.ANSWER, Effect.LIMITED),
                Fault(PortCall.READ, Effect.REFUSED),
                Fault(PortCall.WRITE, Effect.REFUSED),
            ]
        ),
    )
    def fail(self, message: Message, times: int, skew: timedelta, fault: Fault) -> None:
        """A message fails several times for the same reason."""
        for _ in range(times):
            if message.is_deleted or message.is_dead:
                break
            self.wait(max(0.0, (message.visible_at - self.world.clock()).total_seconds()))
            invocation = EnrichInvocation(self.world, [message], skew)
            invocation.run_to(fault)
            invocation.finish()

    @precondition(lambda self: self.sweeps < 3)
    @rule(skew=SKEWS, fault=st.sampled_from(SweepInvocation.faults))
    def sweep(self, skew: timedelta, fault: Fault) -> None:
        """A sweep begins and runs to its first fault."""
        self.sweeps += 1
        self.running.append(SweepInvocation(self.world, skew))
        self.resume(0, (self.running[-1], fault))

    @precondition(lambda self: self.running)
    @rule(
        seconds=PAUSES,
        next_=st.runner().flatmap(
            lambda self: st.sampled_from(
                [(invocation, fault) for invocation in self.running for fault in invocation.faults]
            )
        ),
    )
    def resume(self, seconds: float, next_: tuple[Invocation, Fault]) -> None:
        """An invocation runs to its next fault or to its end."""
        self.wait(seconds)
        invocation, fault = next_
        if not invocation.is_over:
            invocation.run_to(fault)
            self._forget()

    @precondition(lambda self: self.running)
    @rule(invocation=st.runner().flatmap(lambda self: st.sampled_from(self.running)))
    def finish(self, invocation: Invocation) -> None:
        """An invocation runs to its end."""
        self.wait(0)
        if not invocation.is_over:
            invocation.finish()
        self._forget()

    def wait(self, seconds: float) -> None:
        """Time passes; Lambda ends instances that run too long."""
        self.world.clock.advance(seconds=seconds)
        for invocation in self.running:
            if invocation.is_late:
                invocation.step(Effect.CRASH)
        self._forget()

    # --- the final state ----------------------------------------------------------------------

    def teardown(self) -> None:
        """Let everything come to rest and check the final state."""
        if sys.exception() is None:
            self._come_to_rest()
            self._check_truth()
            self.world.check_counts()
        for invocation in self.running:
            if not invocation.is_over:
                invocation.step(Effect.CRASH)

    def _go_on(self, send: Progress) -> None:
        if not send.is_over and (callback := send.go_on()) is not None:
            self.callbacks.append(callback)

    def _forget(self) -> None:
        self.running = [one for one in self.running if not one.is_over]

    def _come_to_rest(self) -> None:
        """End all sends without callbacks, then sweep until every tier has compared them."""
        for invocation in self.running:
            invocation.finish()
        self.world.queue.others = 0, 0
        for send in self.sends:
            while not send.is_over:
                send.go_on()
        for hours in (1, 1, 24, 24, 24):
            self._drain()
            self.world.clock.advance(hours=hours)
            sweeping = SweepInvocation(self.world, timedelta(0))
            sweeping.finish()
            for one in sweeping.swept:
                assert one.walk.is_complete, f"the sweep of {one.walk.kind.name} stopped"
        self._drain()
        for key in self.parked:
            self.redrive(key)
        self._drain()

    def _drain(self) -> None:
        """Deliver everything, whenever it is visible, until the queue is empty."""
        before = {message.id: message.receives for message in self.world.queue.waiting}
        while waiting := self.world.queue.waiting:
            for message in waiting:
                deliveries = message.receives - before[message.id]
                assert deliveries <= ENOUGH, "a message does not come to its end"
            self.world.clock.now = max(
                self.world.clock.now, min(message.visible_at for message in waiting)
            )
            EnrichInvocation(self.world, self.world.queue.visible, timedelta(0)).finish()

    def _outcomes(self, send: Progress) -> set[str]:
        """Return how a send may end, by what was reported.

        Of a message whose log says that it was delivered, only its last callback knows. One that
        became a dead letter may have been stored before.
        """
        if not send.send.contradicts or send.kind is FAX:
            return {"failed" if send.fails else "succeeded"}
        reports = [
            message.is_deleted
            for message in self.world.queue.all
            if message.says.get("log_id") == send.send.log_id
            and message.says.get("status") in send.kind.model.failed
        ]
        return {"failed"} if any(reports) else {"succeeded", *(["failed"] if reports else [])}

    def _check_truth(self) -> None:
        for send in self.sends:
            row = self.world.table.items[send.key]
            assert (row["status"], row["charge"], row.get("error_code")) == compared(
                send.states[-1]
            )
            assert row["outcome"] in self._outcomes(send)
            assert row["final"]
            assert "unsettled" not in row
            by_sid = send.kind.key(send.send.sid)
            assert not {send.key, by_sid} & set(self.parked), "a parking outlived a success"


def test_no_log_is_lost() -> None:
    """At rest, the table equals the truth and each failure was counted once."""
    run_state_machine_as_test(NoLogLost, settings=examples(4))
