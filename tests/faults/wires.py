"""The same faults over sockets: what the space or AWS is told to do for one message."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from local.space import Fault, FaultKind
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.canary import TOKEN
from tests.faults.fakes import Purpose
from tests.faults.messages import Message, Text
from tests.faults.troubles import announce, ask_by_sid, redriven
from tests.faults.wire import Wire, secret

#: Until the fault is cleared.
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
    """The space answers the request for the log in the way of a fault, until it is cleared."""

    fault: Fault
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Add the fault, for this log."""
        wire.space.add_fault(replace(self.fault, log_id=message.log_id))


@dataclass(frozen=True)
class Text200:
    """The space answers 200 with this text, which it calls JSON."""

    text: Text
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Add the fault."""
        fault = Fault(FaultKind.ANSWER, ALWAYS, message.log_id, text=self.text(message))
        wire.space.add_fault(fault)


@dataclass(frozen=True)
class Nobody:
    """Nobody listens at the space's address."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Ask at a port that was just closed."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        wire.go_to(f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class NoTls:
    """The space cannot prove who it is."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Ask for TLS where none is spoken."""
        wire.go_to(f"https://{wire.space.host}")


@dataclass(frozen=True)
class NoTime:
    """The invocation has hardly any time left but for storing."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Let time pass; it is given back with the next invocation."""
        wire.seconds_left = 5.4


@dataclass(frozen=True)
class Secret:
    """The secret has this text."""

    text: str
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Put it there, before it is first read."""
        wire.aws.secret = self.text


@dataclass(frozen=True)
class Rotated:
    """The token has changed since the secret was read, some seconds ago."""

    seconds: float
    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Read yesterday's, and put today's in its place."""
        today = wire.aws.secret
        wire.aws.secret = secret(wire.space, f"{TOKEN}-of-yesterday")
        wire.credentials.current()
        wire.aws.secret = today
        wire.uptime += self.seconds


@dataclass(frozen=True)
class Call:
    """AWS does not do what a whole call asks for."""

    operation: str
    fault: Refusal | Silence | HangUp
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:  # noqa: ARG002
        """Arm it."""
        wire.aws.calls[self.operation] = self.fault


@dataclass(frozen=True)
class Statement:
    """DynamoDB refuses one statement, that of the message for a purpose."""

    purpose: Purpose
    refusal: Refusal
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse it; who is to be lifted was redriven."""
        if self.purpose is Purpose.LIFT:
            redriven(wire.rows.items, message)
        for key in message.keys:
            wire.aws.statements[self.purpose, key] = self.refusal


@dataclass(frozen=True)
class Poison:
    """DynamoDB refuses every call that has the message's key in it."""

    refusal: Refusal
    by_sid: bool = False
    lifting: bool = False
    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse them."""
        key = message.key
        if self.by_sid:
            ask_by_sid(message)
        if self.lifting:
            redriven(wire.rows.items, message)
            key = message.parked_as or key
        wire.aws.poison[key] = self.refusal


@dataclass(frozen=True)
class Unread:
    """DynamoDB leaves the message's key unread, however often it is asked."""

    hits_all: bool = True

    def befall(self, wire: Wire, message: Message) -> None:
        """Leave it."""
        wire.aws.unread.add(message.key)


@dataclass(frozen=True)
class Unset:
    """SQS takes the call and refuses the message's entry in it."""

    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Refuse it."""
        wire.aws.unset.add(message.handle)


@dataclass(frozen=True)
class Announced:
    """The message announces an end that the log has not reached."""

    hits_all: bool = False

    def befall(self, wire: Wire, message: Message) -> None:
        """Change both."""
        announce(message)
        wire.list_logs([message])


type Wires = Mapping[str, OverWire]
