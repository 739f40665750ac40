"""What a page of the console costs when the table grows: ``python -m bench.console``.

Two tables in a local cloud, of a space with so many records a day: one holds eight days of them,
the other a hundred times as many. What is asked for is the same on both. A space with more records
a day would be another matter here: at each query the local cloud sorts all of an index's day, which
DynamoDB keeps sorted.
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
    """What a page costs: requests to AWS, and seconds of waiting and of the console's processor."""

    requests: int
    waited: float
    worked: float


class Counted:
    """Counts the requests that a session's clients make; one that is sent again is one."""

    def __init__(self, session: boto3.session.Session) -> None:
        """Count those of clients that are made from now on."""
        self.operations: list[str] = []
        session.events.register("before-call", self._one_more)

    def _one_more(self, model: OperationModel, **_: object) -> None:
        self.operations.append(model.name)


def main() -> int:
    """Measure, and print; the exit status is 1 if a page needs more requests in a larger table."""
    parser = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    parser.add_argument("--records", type=int, default=LARGE, help="of the large table")
    large: int = parser.parse_args().records
    factor = large / SMALL
    with (
        tempfile.TemporaryDirectory() as scratch,
        local_cloud(Path(scratch) / "cloud.log") as cloud,
    ):
        few = site(cloud, "few", SMALL, Shape(days=_DAYS, numbers=_NUMBERS))
        grown = Shape(days=_DAYS * factor, numbers=int(_NUMBERS * factor))
        many = site(cloud, "many", large, grown)
        rows = {page: compare(few, many, page) for page in pages()}
    Console().print(_table(large, rows))
    return 0 if all(one.requests == other.requests for one, other in rows.values()) else 1


def pages() -> list[str]:
    """Name the console's pages, each with something to show."""
    some = number(0).replace("+", "%2B")
    return [
        *("/", "/?span=7d", "/completeness"),
        *("/failures", "/failures?code=34004", "/failures?code=99999"),
        *(f"/numbers?number={some}", f"/search?q={log_id(0)}", f"/records/fax/{log_id(0)}"),
        *("/parked", "/parked?code=fetch.not_found", "/parked/redrive?code=fetch.not_found"),
    ]


def site(cloud: LocalCloud, name: str, count: int, shape: Shape) -> tuple[FlaskClient, Counted]:
    """Fill a table, and open the console on it."""
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
    # The namespace is asked for once a start; here there is no function to ask.
    cloudwatch = session.client("cloudwatch", endpoint_url=cloud.url)
    backend = replace(backend, metrics=Metrics(cloudwatch, lambda: "Hooklog"))
    guard = Guard(port=_PORT, token="none", allow_actions=True)
    return create_app(backend, guard).test_client(), counted


def compare(
    small: tuple[FlaskClient, Counted], large: tuple[FlaskClient, Counted], page: str
) -> tuple[Cost, Cost]:
    """Measure a page of both, in turns, so that whatever else the machine does meets both."""
    rounds: list[tuple[Cost, Cost]] = [
        (once(*small, page), once(*large, page)) for _ in range(_ROUNDS)
    ]
    first, second = zip(*rounds[1:], strict=True)
    return _middle(first), _middle(second)


def once(client: FlaskClient, counted: Counted, page: str) -> Cost:
    """Ask for a page, once.

    Raises:
        RuntimeError: it is not answered as it should be.

    """
    before, began = len(counted.operations), time.perf_counter()
    worked = time.process_time()
    answer = client.get(page, base_url=f"http://127.0.0.1:{_PORT}")
    if answer.status_code not in {200, 302} or 'class="notice"' in answer.text:
        raise RuntimeError(f"{page} failed: {answer.text}")
    return Cost(
        requests=len(counted.operations) - before,
        waited=time.perf_counter() - began,
        worked=time.process_time() - worked,
    )


def _middle(costs: tuple[Cost, ...]) -> Cost:
    return Cost(
        requests=max(cost.requests for cost in costs),
        waited=median(cost.waited for cost in costs),
        worked=median(cost.worked for cost in costs),
    )


def _table(large: int, rows: Mapping[str, tuple[Cost, Cost]]) -> Table:
    table = Table(title=f"{SMALL:,} and {large:,} records", title_justify="left")
    table.add_column("Page", overflow="fold")
    for heading in ("Requests", "Waited, ms", "Ratio", "Own work, ms", "Ratio"):
        table.add_column(heading, justify="right")
    for page, (one, other) in rows.items():
        table.add_row(
            page.replace("[", r"\["),
            f"{one.requests} / {other.requests}",
            f"{one.waited * 1000:.0f} / {other.waited * 1000:.0f}",
            f"{other.waited / one.waited:.2f}",
            f"{one.worked * 1000:.0f} / {other.worked * 1000:.0f}",
            f"{other.worked / one.worked:.2f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
