"""An enricher with its real adapters, over sockets to a simulated space and a simulated AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from hooklog.adapters.aws.dynamodb import DynamoTable
from hooklog.adapters.aws.secret import RENEW_INTERVAL
from hooklog.adapters.aws.sqs import SqsQueue
from hooklog.adapters.signalwire.api import SignalWireApi
from hooklog.adapters.signalwire.credentials import SecretCredentials
from hooklog.adapters.signalwire.fetching import ConcurrentSource
from hooklog.clock import TimeLeft
from hooklog.enrich.ports import Fetched, LogSource, Wanted
from hooklog.errors import HooklogError
from hooklog.pace import Allowance, Grant
from local.space import RunningSpace
from tests.fakes import MemoryTable
from tests.faults import canary
from tests.faults.aws import TABLE, Aws, Clients
from tests.faults.harness import Harness
from tests.faults.messages import Message
from tests.faults.telemetry import RecordingTelemetry

#: Seconds. Only a fault takes longer, and each test of a time-out waits this long.
_PATIENCE = 2.0


class WireHarness(Harness):
    """An enricher as it is deployed, with one thread to keep requests in order."""

    def __init__(
        self, telemetry: RecordingTelemetry, space: RunningSpace, aws: Aws, clients: Clients
    ) -> None:
        """Reset the space and AWS, which the tests share; wire as ``functions/enrich/app.py``."""
        super().__init__(telemetry, jitter=1.0)
        self.space, self.aws, self._clients = space, aws, clients
        self.rows = aws.table = MemoryTable()
        self.waits = aws.waits
        self.uptime = 1000.0
        self.credentials = SecretCredentials(lambda: clients.secrets, "secret", lambda: self.uptime)
        self.recover()

    def recover(self) -> None:
        """Remove all faults and advance the clock until the secret may be read again."""
        self.uptime += RENEW_INTERVAL
        self.seconds_left = 60.0
        self.space.clear_faults()
        self.rows.meanwhile = lambda: None
        self.aws.recover()
        self.aws.secret = secret(self.space)
        self.telemetry.error = None
        self.go_to(self.space.url)

    def go_to(self, url: str) -> None:
        """Send requests to a space at this URL."""
        api = SignalWireApi(
            url,
            self.credentials,
            connections=1,
            connect_timeout=_PATIENCE,
            read_timeout=_PATIENCE,
            clock=self.clock,
        )
        source = ConcurrentSource(api, concurrency=1, clock=self.clock)
        queue = SqsQueue(lambda: self._clients.sqs, "http://127.0.0.1/queue")
        table = DynamoTable(self._clients.dynamodb, TABLE)
        self.wire(_RecordingSource(source), table, queue, queue.depth)

    def list_logs(self, messages: Sequence[Message]) -> None:
        """Add the logs to the space."""
        for message in messages:
            self.space.put_log(message.kind, message.log)


class _RecordingSource:
    """A source whose errors are kept for the search for canaries."""

    def __init__(self, source: LogSource) -> None:
        self._source = source

    def allowance(self) -> Allowance | None:
        return self._source.allowance()

    def fetch(
        self, wanted: Sequence[Wanted], time_left: TimeLeft, grant: Grant
    ) -> Iterator[tuple[Wanted, Fetched | HooklogError]]:
        for one, answer in self._source.fetch(wanted, time_left, grant):
            if isinstance(answer, HooklogError):
                canary.keep_error(answer)
            yield one, answer


def secret(space: RunningSpace, token: str | None = None) -> str:
    """Return the credentials secret for a space."""
    return json.dumps({"project_id": space.project_id, "api_token": token or space.api_token})
