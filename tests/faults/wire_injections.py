"""Faults over sockets: how the simulated space or AWS fails one message or all."""

from __future__ import annotations

import socket
from dataclasses import dataclass, replace
from typing import Protocol

from hooklog.records.rows import PACE_KEY
from local.space import Fault, FaultKind
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.canary import TOKEN
from tests.faults.injections import ask_by_sid, redriven
from tests.faults.messages import Message, Text
from tests.faults.pace_injections import PaceAt, PaceStored, at_limit, no_slot, suspicious
from tests.faults.wire_harness import WireHarness, secret
from tests.write_purpose import Purpose

#: Enough times to last until the fault is cleared.
ALWAYS = 1000


class WireInjection(Protocol):
    """A fault over sockets."""

    @property
    def hits_all(self) -> bool:
        """Whether it affects the other messages of the batch."""

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Apply the fault."""


@dataclass(frozen=True)
class SpaceFault:
    """The space answers requests for the log with a fault until it is cleared."""

    fault: Fault
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Add the fault for this log."""
        harness.space.add_fault(replace(self.fault, log_id=message.log_id))


@dataclass(frozen=True)
class ResourceFault:
    """The space answers requests for the fax resource with a fault until it is cleared."""

    fault: Fault
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Add the fault for this fax."""
        harness.space.add_fault(replace(self.fault, endpoint="fax_resource", fax_sid=message.sid))


@dataclass(frozen=True)
class LogText:
    """The space answers 200 with this text and declares it as JSON."""

    text: Text
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Add the fault."""
        fault = Fault(FaultKind.ANSWER, ALWAYS, message.log_id, text=self.text(message))
        harness.space.add_fault(fault)


@dataclass(frozen=True)
class NoServer:
    """No server listens at the space's address."""

    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:  # noqa: ARG002
        """Send requests to a port that was just closed."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        harness.go_to(f"http://127.0.0.1:{port}")


@dataclass(frozen=True)
class NoTls:
    """The space does not speak TLS."""

    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:  # noqa: ARG002
        """Send HTTPS requests to a server without TLS."""
        harness.go_to(f"https://{harness.space.host}")


@dataclass(frozen=True)
class NoTime:
    """The invocation has hardly any time left beyond what storing needs."""

    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:  # noqa: ARG002
        """Shorten the time left; `recover` restores it."""
        harness.seconds_left = 5.4


@dataclass(frozen=True)
class SecretText:
    """The secret has this text."""

    text: str
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Set the secret before it is first read."""
        PaceStored(suspicious).inject(harness, message)
        harness.aws.secret = self.text


@dataclass(frozen=True)
class TokenRotated:
    """The token was rotated after the secret was read, this number of seconds ago."""

    seconds: float
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Read the old token and then replace it by the new one."""
        PaceStored(suspicious).inject(harness, message)
        today = harness.aws.secret
        harness.aws.secret = secret(harness.space, f"{TOKEN}-of-yesterday")
        harness.credentials.current()
        harness.aws.secret = today
        harness.uptime += self.seconds


@dataclass(frozen=True)
class AwsCallFails:
    """AWS fails a whole call."""

    operation: str
    fault: Refusal | Silence | HangUp
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Set the fault for the operation."""
        if self.operation == "GetSecretValue":
            PaceStored(suspicious).inject(harness, message)
        harness.aws.calls[self.operation] = self.fault


@dataclass(frozen=True)
class StatementRefused:
    """DynamoDB refuses one statement: the message's write for a purpose."""

    purpose: Purpose
    refusal: Refusal
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Refuse the statement; a lift needs a redriven message."""
        if self.purpose is Purpose.LIFT:
            redriven(harness.rows.items, message)
        for key in message.keys:
            harness.aws.statements[self.purpose, key] = self.refusal


@dataclass(frozen=True)
class KeyRefused:
    """DynamoDB refuses every call that contains the message's key."""

    refusal: Refusal
    by_sid: bool = False
    lifting: bool = False
    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Refuse the calls."""
        key = message.key
        if self.by_sid:
            ask_by_sid(message)
        if self.lifting:
            redriven(harness.rows.items, message)
            key = message.parked_as or key
        harness.aws.poison[key] = self.refusal


@dataclass(frozen=True)
class KeyUnread:
    """DynamoDB leaves a key unread at every attempt: the message's, or the one given."""

    key: str = ""
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Leave the key unread."""
        harness.aws.unread.add(self.key or message.key)


@dataclass(frozen=True)
class PaceWriteFails:
    """A limit is known, and AWS fails each call that writes the pace."""

    fault: Refusal | Silence | HangUp
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Fail the calls."""
        PaceStored(at_limit(1000)).inject(harness, message)
        harness.aws.writes[PACE_KEY] = self.fault


@dataclass(frozen=True)
class PaceStatementRefused:
    """DynamoDB refuses the statement that writes the pace."""

    refusal: Refusal
    pace: PaceAt | None = None
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Refuse the statement."""
        if self.pace is not None:
            PaceStored(self.pace).inject(harness, message)
        harness.aws.statements[Purpose.PACE, PACE_KEY] = self.refusal


@dataclass(frozen=True)
class DepthUnknown:
    """No slot is free, and SQS does not tell how many messages are on the queue."""

    fault: Refusal | Silence | HangUp
    hits_all: bool = True

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Fail the call."""
        PaceStored(no_slot).inject(harness, message)
        harness.aws.calls["GetQueueAttributes"] = self.fault


@dataclass(frozen=True)
class WaitEntryRefused:
    """SQS accepts the call and refuses the message's entry."""

    hits_all: bool = False

    def inject(self, harness: WireHarness, message: Message) -> None:
        """Refuse the entry."""
        harness.aws.unset.add(message.handle)
