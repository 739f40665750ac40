"""What the console's pages cost as the table grows: ``python -m bench.console``.

Two tables in a local cloud have the same number of records per day: one holds eight days, the other
a hundred times as many. The requested pages are the same on both. More records per day cannot be
compared here: for each query the local cloud sorts an index's whole day, which DynamoDB keeps
sorted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import boto3
from botocore.model import OperationModel
from flask.testing import FlaskClient
from rich.console import Console
from rich.table import Table

from bench.console_table import NOW, Shape, fill, log_id, make_table, number
from hooklog_ops.console.app import create_app
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.guard import Guard
from hooklog_ops.console.metrics import Metrics
from hooklog_ops.deployment import Deployment
from local.cloud import REGION, LocalCloud, local_cloud

SMALL, LARGE = 1_000, 100_000
#: Days and numbers of the small table.
_DAYS, _NUMBERS = 8, 20
_ROUNDS = 7
_PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a page costs: requests to AWS, seconds of wall time, and seconds of CPU time."""

    requests: int
    wall: float
    cpu: float


class Counted:
    """Counts the requests of a session's clients; a retried request counts once."""

    def __init__(self, session: boto3.session.Session) -> None:
        """Count the requests of all clients that are created from now on."""
        self.operations: list[str] = []
        session.events.register("before-call", self._count)

    def _count(self, model: OperationModel, **_: object) -> None:
        self.operations.append(model.name)


def main() -> int:
    """Measure and print; return 1 if a page needs more requests on the larger table."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument(
        "--records", type=int, default=LARGE, help="of the large table (%(default)s)"
    )
    records: int = parser.parse_args().records
    factor = records / SMALL
    with (
        tempfile.TemporaryDirectory() as scratch,
        local_cloud(Path(scratch) / "cloud.log") as cloud,
    ):
        few = site(cloud, "few", SMALL, Shape(days=_DAYS, numbers=_NUMBERS))
        grown = Shape(days=_DAYS * factor, numbers=int(_NUMBERS * factor))
        many = site(cloud, "many", records, grown)
        rows = {page: compare(few, many, page) for page in pages()}
    Console().print(_table(records, rows))
    return 0 if all(small.requests == large.requests for small, large in rows.values()) else 1


def pages() -> list[str]:
    """Return the paths of the console's pages, each with something to show."""
    some = number(0).replace("+", "%2B")
    return [
        *("/", "/?span=7d", "/completeness"),
        *("/failures", "/failures?code=34004", "/failures?code=99999"),
        *(f"/numbers?number={some}", f"/search?q={log_id(0)}", f"/records/fax/{log_id(0)}"),
        *("/parked", "/parked?code=fetch.not_found", "/parked/redrive?code=fetch.not_found"),
    ]


def site(cloud: LocalCloud, name: str, count: int, shape: Shape) -> tuple[FlaskClient, Counted]:
    """Fill a table, and open the console with it."""
    session = boto3.session.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
    )
    dynamodb, queue = cloud.client("dynamodb"), cloud.client("sqs").create_queue(QueueName=name)
    make_table(dynamodb, name)
    fill(dynamodb, name, count, shape)
    counted = Counted(session)
    outputs = {"TableName": name}
    outputs |= dict.fromkeys(("QueueUrl", "DeadLetterQueueUrl"), queue["QueueUrl"])
    stack = Deployment(name=name, outputs=outputs, session=session, endpoint_url=cloud.url)
    backend = Backend.open(stack, lambda: NOW)
    # The console reads the namespace from the function, which does not exist here.
    cloudwatch = session.client("cloudwatch", endpoint_url=cloud.url)
    backend = replace(backend, metrics=Metrics(cloudwatch, lambda: "Hooklog"))
    guard = Guard(port=_PORT, token="none", allow_actions=True)
    return create_app(backend, guard).test_client(), counted


def compare(
    small: tuple[FlaskClient, Counted], large: tuple[FlaskClient, Counted], page: str
) -> tuple[Cost, Cost]:
    """Measure a page on both tables in turns, so that other work on the machine affects both."""
    rounds: list[tuple[Cost, Cost]] = [
        (once(*small, page), once(*large, page)) for _ in range(_ROUNDS)
    ]
    first, second = zip(*rounds[1:], strict=True)
    return _median(first), _median(second)


def once(client: FlaskClient, counted: Counted, page: str) -> Cost:
    """Request a page once.

    Raises:
        RuntimeError: the response is an error or contains one.

    """
    before, wall, cpu = len(counted.operations), time.perf_counter(), time.process_time()
    answer = client.get(page, base_url=f"http://127.0.0.1:{_PORT}")
    if answer.status_code not in {200, 302} or 'class="notice"' in answer.text:
        raise RuntimeError(f"{page} failed: {answer.text}")
    return Cost(
        requests=len(counted.operations) - before,
        wall=time.perf_counter() - wall,
        cpu=time.process_time() - cpu,
    )


def _median(costs: tuple[Cost, ...]) -> Cost:
    return Cost(
        requests=max(cost.requests for cost in costs),
        wall=median(cost.wall for cost in costs),
        cpu=median(cost.cpu for cost in costs),
    )


def _table(records: int, rows: Mapping[str, tuple[Cost, Cost]]) -> Table:
    table = Table(title=f"{SMALL:,} and {records:,} records", title_justify="left")
    table.add_column("Page", overflow="fold")
    for heading in ("Requests", "Time, ms", "Ratio", "CPU, ms", "Ratio"):
        table.add_column(heading, justify="right")
    for page, (small, large) in rows.items():
        table.add_row(
            page.replace("[", r"\["),
            f"{small.requests} / {large.requests}",
            f"{small.wall * 1000:.0f} / {large.wall * 1000:.0f}",
            f"{large.wall / small.wall:.2f}",
            f"{small.cpu * 1000:.0f} / {large.cpu * 1000:.0f}",
            f"{large.cpu / small.cpu:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
