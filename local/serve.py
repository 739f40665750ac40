"""A local cloud and a simulated space at fixed ports, for `sam local invoke` in Docker.

`events/env.json` directs the function to them; `docs/local-invoke.md` says how to use them.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hooklog.logs import KINDS
from local.cloud import LOOPBACK, ROOT, LocalCloud, local_cloud
from local.event_tap import EventTap, Received
from local.space import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, Space, generate
from local.space import serve as serve_space
from local.stack import FOR_LAMBDA, architecture, build

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

CLOUD_PORT = 4566
SPACE_PORT = 8070
#: The files in events/ name logs of this seed.
SEED = 7
#: Name of the table and of the queue.
NAME = "hooklog-local"
#: Name of the queue of changes that could not be told as events.
UNPUBLISHED = "hooklog-local-unpublished"

_SIOCGIFADDR = 0x8915  # Linux: the address of a network interface


def main() -> int:
    """Build the functions, serve until a signal arrives, and show each new row and event."""
    parser = argparse.ArgumentParser(prog="make serve", description=__doc__)
    parser.add_argument(
        "--address",
        default=docker_address(),
        help="of this machine, to listen on; containers must reach it (default: %(default)s)",
    )
    address: str = parser.parse_args().address
    try:
        for port in (CLOUD_PORT, SPACE_PORT):
            _require_free(address, port)
        print("Building the functions (half a minute the first time) …", flush=True)
        build(FOR_LAMBDA)
        _serve(address)
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def docker_address() -> str:
    """Return Docker's own address on Linux; elsewhere Docker Desktop forwards to the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            answer = fcntl.ioctl(probe, _SIOCGIFADDR, struct.pack("256s", b"docker0"))
        except OSError:
            return LOOPBACK
    return socket.inet_ntoa(answer[20:24])


def _serve(address: str) -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    logs = generate(SEED, EVERY_FAX_CASE, EVERY_MESSAGE_CASE, datetime.now(UTC))
    with (
        serve_space(logs, address=address, port=SPACE_PORT) as space,
        local_cloud(ROOT / ".local/serve.log", address=address, port=CLOUD_PORT) as cloud,
    ):
        dynamodb = _make_table_and_queues(cloud)
        tap = EventTap(cloud, "hooklog-local-events")
        print(f"Simulated space  {space.url}, {_counts(logs)}")
        print(f"Local cloud      {cloud.url}, table and queue {NAME}")
        print("In another terminal, for each file in events/ (stream.json: PublishFunction):\n")
        print("  .tools/sam/bin/sam local invoke EnrichFunction -e events/fax.json \\")
        print("    --env-vars events/env.json --add-host host.docker.internal:host-gateway \\")
        print(f"    --parameter-overrides Architecture={architecture()}\n")
        print("New rows and events appear here. Ctrl-C ends it.", flush=True)
        rows: dict[str, str] = {}
        events = 0
        while not stop.wait(1):
            _show_new_rows(dynamodb, rows)
            events += _show_events(tap.receive()[events:])


def _counts(space: Space) -> str:
    return ", ".join(f"{len(space.logs(kind.name))} {kind.plural}" for kind in KINDS.values())


def _make_table_and_queues(cloud: LocalCloud) -> DynamoDBClient:
    dynamodb = cloud.client("dynamodb")
    dynamodb.create_table(
        TableName=NAME,
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    for name in (NAME, UNPUBLISHED):
        cloud.client("sqs").create_queue(QueueName=name)
    return dynamodb


def _show_new_rows(dynamodb: DynamoDBClient, seen: dict[str, str]) -> None:
    for row in dynamodb.scan(TableName=NAME, ConsistentRead=True)["Items"]:
        if "version" not in row:  # a checkpoint of the sweep
            continue
        key, version = row["pk"]["S"], row["version"]["N"]
        if seen.get(key) != version:
            seen[key] = version
            print(f"{key}  version {version}  {_summary(row)}", flush=True)


def _show_events(received: Sequence[Received]) -> int:
    for one in received:
        print(f"event {one.event.id}  {one.detail_type}", flush=True)
    return len(received)


def _summary(row: dict[str, AttributeValueTypeDef]) -> str:
    text = {name: value["S"] for name, value in row.items() if "S" in value}
    if "parked_code" in text:
        return f"parked: {text['parked_code']}. {text['parked_detail']}"
    if "alias_of" in text:
        return f"the SID of {text['alias_of']}"
    return ": ".join(text[name] for name in ("outcome", "cause") if name in text)


def _require_free(address: str, port: int) -> None:
    """Raise RuntimeError when the port is taken, or the address is not this machine's."""
    try:
        socket.create_server((address, port)).close()
    except OSError as error:
        # The exception's own text repeats the address.
        reason = os.strerror(error.errno or 0)
        raise RuntimeError(
            f"Cannot listen on {address}:{port}: {reason}. Is another `make serve` running?"
        ) from None


if __name__ == "__main__":
    sys.exit(main())
