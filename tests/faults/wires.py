"""The same faults over sockets: what the space or AWS does to one message."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from hooklog.records.rows import PACE_KEY
from local.space import Fault, FaultKind
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.canary import TOKEN
from tests.faults.fakes import Purpose
from tests.faults.messages import Message, Text
from tests.faults.paces import PaceAt, PaceIs, at_limit, no_slot, suspicious
from tests.faults.troubles import announce, ask_by_sid, redriven
from tests.faults.wire import Wire, secret

#: Enough times to last until the fault is cleared.
ALWAYS = 1000


class OverWire(Protocol):
    """A fault over sockets."""

    @property
    def hits_all(self) -> bool:
        """Whether the neighbours meet it too."""

    def befall(self, wire: Wire, message: Message) -> None:
        """Let it happen."""


@dataclass(frozen=True)
class Space:
    """The space answers requests for the log with a fault until it is cleared."""

    fault: Fault
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Add the fault for this log."""
        wire.space.add_fault(replace(self.fault, log_id=message.log_id))


@dataclass(frozen=True)
class Resource:
    """The space answers requests for the fax resource with a fault until it is cleared."""

    fault: Fault
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Add the fault for this fax."""
        wire.space.add_fault(replace(self.fault, endpoint="fax_resource", fax_sid=message.sid))


@dataclass(frozen=True)
class Text200:
    """The space answers 200 with this text and declares it as JSON."""

    text: Text
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Add the fault."""
        fault = Fault(FaultKind.ANSWER, ALWAYS, message.log_id, text=self.text(message))
        wire.space.add_fault(fault)


@dataclass(frozen=True)
class Nobody:
    """No server listens at the space's address."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Send requests to a port that was just closed."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        wire.go_to(f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class NoTls:
    """The space does not speak TLS."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Send HTTPS requests to a server without TLS."""
        wire.go_to(f"https://{wire.space.host}")


@dataclass(frozen=True)
class NoTime:
    """The invocation has hardly any time left beyond what storing needs."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Shorten the time left; `recover` restores it."""
        wire.seconds_left = 5.4


@dataclass(frozen=True)
class Secret:
    """The secret has this text."""

    text: str
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Set the secret before it is first read."""
        PaceIs(suspicious).befall(wire, message)
        wire.aws.secret = self.text


@dataclass(frozen=True)
class Rotated:
    """The token was rotated after the secret was read, this number of seconds ago."""

    seconds: float
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Read the old token and then replace it by the new one."""
        PaceIs(suspicious).befall(wire, message)
        today = wire.aws.secret
        wire.aws.secret = secret(wire.space, f"{TOKEN}-of-yesterday")
        wire.credentials.current()
        wire.aws.secret = today
        wire.uptime += self.seconds


@dataclass(frozen=True)
class Call:
    """AWS fails a whole call."""

    operation: str
    fault: Refusal | Silence | HangUp
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Set the fault for the operation."""
        if self.operation == "GetSecretValue":
            PaceIs(suspicious).befall(wire, message)
        wire.aws.calls[self.operation] = self.fault


@dataclass(frozen=True)
class Statement:
    """DynamoDB refuses one statement: the message's write for a purpose."""

    purpose: Purpose
    refusal: Refusal
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse the statement; a lift needs a redriven message."""
        if self.purpose is Purpose.LIFT:
            redriven(wire.rows.items, message)
        for key in message.keys:
            wire.aws.statements[self.purpose, key] = self.refusal


@dataclass(frozen=True)
class Poison:
    """DynamoDB refuses every call that contains the message's key."""

    refusal: Refusal
    by_sid: bool = False
    lifting: bool = False
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse the calls."""
        key = message.key
        if self.by_sid:
            ask_by_sid(message)
        if self.lifting:
            redriven(wire.rows.items, message)
            key = message.parked_as or key
        wire.aws.poison[key] = self.refusal


@dataclass(frozen=True)
class Unread:
    """DynamoDB leaves a key unread at every attempt: the message's, or the one given."""

    key: str = ""
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Leave the key unread."""
        wire.aws.unread.add(self.key or message.key)


@dataclass(frozen=True)
class PaceWrite:
    """A limit is known, and AWS fails each call that writes the pace."""

    fault: Refusal | Silence | HangUp
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Fail the calls."""
        PaceIs(at_limit(1000)).befall(wire, message)
        wire.aws.writes[PACE_KEY] = self.fault


@dataclass(frozen=True)
class PaceStatement:
    """DynamoDB refuses the statement that writes the pace."""

    refusal: Refusal
    pace: PaceAt | None = None
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse the statement."""
        if self.pace is not None:
            PaceIs(self.pace).befall(wire, message)
        wire.aws.statements[Purpose.PACE, PACE_KEY] = self.refusal


@dataclass(frozen=True)
class NoDepth:
    """No slot is free, and SQS does not tell how many messages are on the queue."""

    fault: Refusal | Silence | HangUp
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Fail the call."""
        PaceIs(no_slot).befall(wire, message)
        wire.aws.calls["GetQueueAttributes"] = self.fault


@dataclass(frozen=True)
class Unset:
    """SQS accepts the call and refuses the message's entry."""

    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse the entry."""
        wire.aws.unset.add(message.handle)


@dataclass(frozen=True)
class Announced:
    """The message announces a final status that the log has not reached."""

    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Change the message and the log."""
        announce(message)
        wire.list_logs([message])


type Wires = Mapping[str, OverWire]
