"""What the console works on: clients and names, made once for all requests."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from botocore.config import Config

from hooklog.clock import Clock
from hooklog_ops.console.measured import Metrics
from hooklog_ops.deployment import Deployment
from hooklog_ops.records import Records

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_sqs import SQSClient

#: Queries at the same time: all of one page's, so that it takes as long as one of them.
_AT_ONCE = 16
#: Where metrics are if a stack is too old to say.
_NAMESPACE = "Hooklog"
#: Seconds; somebody waits for the page.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 2},
    max_pool_connections=_AT_ONCE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """A deployed stack, ready to be asked by several threads.

    Attributes:
        dynamodb: for the table.
        sqs: for the queues.
        records: of the table.
        metrics: of the functions.
        pool: for queries of one page at the same time.
        clock: for all that is said to be so long ago.

    """

    _stack: Deployment
    _lock: Lock
    dynamodb: DynamoDBClient
    sqs: SQSClient
    records: Records
    metrics: Metrics
    pool: Executor
    clock: Clock

    @classmethod
    def open(cls, stack: Deployment, clock: Clock) -> Reach:
        """Make the clients.

        Raises:
            StackNotFoundError: the stack lacks what the console shows.

        """
        session, url = stack.session, stack.endpoint_url
        dynamodb: DynamoDBClient = session.client("dynamodb", endpoint_url=url, config=_CONFIG)
        sqs: SQSClient = session.client("sqs", endpoint_url=url, config=_CONFIG)
        lock = Lock()

        def namespace() -> str:
            with lock:
                variables = stack.variables("EnrichFunctionName")
                return variables.get("METRICS_NAMESPACE", _NAMESPACE)

        cloudwatch = session.client("cloudwatch", endpoint_url=url, config=_CONFIG)
        return cls(
            _stack=stack,
            _lock=lock,
            dynamodb=dynamodb,
            sqs=sqs,
            records=Records(dynamodb, stack.output("TableName")),
            metrics=Metrics(cloudwatch, namespace),
            pool=ThreadPoolExecutor(_AT_ONCE),
            clock=clock,
        )

    def ask[T](self, question: Callable[[Deployment], T]) -> T:
        """Ask the deployment for what makes clients: threads may share these, but not make them."""
        with self._lock:
            return question(self._stack)

    def output(self, name: str) -> str:
        """Give one of the stack's outputs.

        Raises:
            StackNotFoundError: the stack has no such output.

        """
        return self._stack.output(name)

    @property
    def name(self) -> str:
        """The stack's name and region."""
        return f"{self._stack.name}, {self._stack.session.region_name}"
