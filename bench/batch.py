"""How long a batch of 100 takes against a SignalWire space that needs 100 ms an answer.

``make bench`` runs it. The space and the local cloud run in processes of their own, so that
their work is not measured as hooklog's; DynamoDB's latency is the local cloud's.
"""

from __future__ import annotations

import io
import json
import random
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import urllib3
from aws_lambda_powertools import Logger

from hooklog.adapters.credentials import Credentials, FixedCredentials
from hooklog.adapters.dynamodb import DynamoTable
from hooklog.adapters.emission import EmbeddedMetrics
from hooklog.adapters.fetching import ConcurrentSource
from hooklog.adapters.signalwire import SignalWireApi
from hooklog.adapters.sqs import SqsQueue
from hooklog.adapters.telemetry import CloudWatchTelemetry
from hooklog.catalogue import catalogue
from hooklog.pipeline import Enricher
from hooklog.ports import utc_now
from local.cloud import LocalCloud, end_group, local_cloud
from local.space import API_TOKEN, PROJECT_ID

BATCH = 100
CONCURRENCY = 25
LATENCY = 0.1
ROUNDS = 7
TABLE = "bench"


def main() -> None:
    """Measure, and print the median with its spread."""
    with local_cloud(Path(".local/bench-cloud.log")) as cloud, _space() as url:
        cloud.client("dynamodb").create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        ids = json.loads(urllib3.request("GET", f"{url}/_space/ids").data)
        event = _event(ids)
        new, repeated = [], []
        for _ in range(ROUNDS):
            enricher = _enricher(cloud, url)
            new.append(_time(enricher, event))
            repeated.append(_time(enricher, event))
            _empty(cloud)
    print(f"\nbatch of {BATCH}, {LATENCY * 1000:.0f} ms a fetch, {CONCURRENCY} at once:")
    for name, times in (("new logs", new), ("the same again", repeated)):
        low, high = min(times), max(times)
        print(f"  {name:15} {statistics.median(times):.3f} s  (of {ROUNDS}: {low:.3f}-{high:.3f})")


def _time(enricher: Enricher, event: dict[str, object]) -> float:
    began = time.perf_counter()
    with redirect_stdout(io.StringIO()):
        response = enricher.handle(event, lambda: 60)
    took = time.perf_counter() - began
    if response["batchItemFailures"]:
        raise RuntimeError("The batch did not succeed, so its time means nothing.")
    return took


def _event(ids: dict[str, dict[str, str]]) -> dict[str, object]:
    sent = round((datetime.now(UTC) - timedelta(minutes=1)).timestamp() * 1000)
    return {
        "Records": [
            {
                "messageId": str(uuid.uuid4()),
                "receiptHandle": log_id,
                "body": json.dumps({"log_type": log_type, "log_id": log_id}),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": str(sent)},
                "eventSource": "aws:sqs",
            }
            for log_type, logs in ids.items()
            for log_id in logs
        ]
    }


def _enricher(cloud: LocalCloud, url: str) -> Enricher:
    api = SignalWireApi(
        url,
        FixedCredentials(Credentials(PROJECT_ID, API_TOKEN)),
        connections=CONCURRENCY,
        connect_timeout=3,
        read_timeout=10,
    )
    return Enricher(
        source=ConcurrentSource(api, concurrency=CONCURRENCY, clock=utc_now),
        table=DynamoTable(cloud.client("dynamodb"), TABLE),
        queue=SqsQueue(lambda: cloud.client("sqs"), "unused"),
        telemetry=CloudWatchTelemetry(
            Logger(service="bench", stream=io.StringIO()), EmbeddedMetrics("Hooklog")
        ),
        catalogue=catalogue,
        clock=utc_now,
        jitter=random.random,
    )


def _empty(cloud: LocalCloud) -> None:
    dynamodb = cloud.client("dynamodb")
    for item in dynamodb.scan(TableName=TABLE)["Items"]:
        dynamodb.delete_item(TableName=TABLE, Key={"pk": item["pk"]})


@contextmanager
def _space() -> Iterator[str]:
    half = str(BATCH // 2)
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "local.space", "--port", "0", "--latency", str(LATENCY)),
            *("--fax", half, "--message", half),
        ],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else b""
        yield line.decode().split()[-1]
    finally:
        end_group(process)


if __name__ == "__main__":
    main()
