"""What the console's pages read from and act on, made once for all requests."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from botocore.config import Config

from hooklog.clock import Clock
from hooklog.settings import Settings
from hooklog_ops.console.metrics import Metrics
from hooklog_ops.deployment import Deployment
from hooklog_ops.parked import ParkedList
from hooklog_ops.records import Records

#: Concurrent queries: all of one page, so that it takes as long as its slowest query.
_CONCURRENCY = 16
#: Of the metrics, if a stack is too old to say.
_NAMESPACE: Final[str] = Settings.model_fields["metrics_namespace"].default
#: A person waits for the page.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=10,
    retries={"mode": "standard", "max_attempts": 2},
    max_pool_connections=_CONCURRENCY,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A deployed stack that several threads can query.

    Attributes:
        stack: with clients that are made already.
        records: of the table.
        parked: the parked list of the table.
        metrics: of the functions.
        pool: for the queries of one page.
        clock: for ages such as "3 min ago".
        country: whose national numbers the search understands.

    """

    stack: Deployment
    records: Records
    parked: ParkedList
    metrics: Metrics
    pool: Executor
    clock: Clock
    country: str | None

    @classmethod
    def open(cls, stack: Deployment, clock: Clock, country: str | None = None) -> Backend:
        """Make the clients.

        Raises:
            StackNotFoundError: the stack lacks what the console shows.

        """
        stack = stack.with_config(_CONFIG)
        # Threads can share clients, but a session cannot make them in several threads.
        _ = (stack.dynamodb, stack.sqs, stack.secrets, stack.functions, stack.cloudwatch, stack.sts)

        def namespace() -> str:
            return stack.variables("EnrichFunctionName").get("METRICS_NAMESPACE", _NAMESPACE)

        table_name = stack.output("TableName")
        return cls(
            stack=stack,
            records=Records(stack.dynamodb, table_name),
            parked=ParkedList(stack.dynamodb, table_name),
            metrics=Metrics(stack.cloudwatch, namespace),
            pool=ThreadPoolExecutor(_CONCURRENCY),
            clock=clock,
            country=country,
        )
