"""``sam local invoke`` for each function and each event, as in docs/local-invoke.md."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from local import serve
from local.cloud import ROOT, LocalCloud, end_group, environment_without_aws
from local.event_tap import EventTap
from local.space import API_TOKEN, OFFICIAL_FAX_ID, PROJECT_ID
from local.stack import architecture, messages_left
from tests.project.test_events import ASKS_FOR, STREAM, UNKNOWN
from tests.runtime.engine import Engine
from tests.webhook import BASE, KEY, json_request, message_status

pytestmark = [pytest.mark.integration, pytest.mark.docker]

_READY = "Ctrl-C ends it."
_WITHIN = 180
#: Seconds at least, because an emulated cold start may be slower than a real one.
_PATIENCE = 60


@pytest.fixture(scope="module")
def served(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """Run what `make serve` runs, at Docker's own address; it builds what `sam local` runs."""
    output = tmp_path_factory.mktemp("serve") / "output"
    with output.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "local.serve", "--address", engine.address],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + _WITHIN
        while _READY not in output.read_text():
            assert process.poll() is None, output.read_text()
            assert time.monotonic() < deadline, output.read_text()
            time.sleep(0.2)
        yield LocalCloud(f"http://{engine.address}:{serve.CLOUD_PORT}", process.pid)
    finally:
        end_group(process)


def invoke(function: str, event: Path, environment: Path, *more: str) -> Any:  # noqa: ANN401 - JSON
    """Run the command of the page for this function and event, and return the answer."""
    page = (ROOT / "docs/local-invoke.md").read_text(encoding="utf-8")
    shown = re.search(r"^\S+/sam local invoke (.+\\\n)*.+", page, re.MULTILINE)
    assert shown is not None
    ours = {
        "EnrichFunction": function,
        "events/fax.json": str(event),
        "events/env.json": str(environment),
        "Architecture=x86_64": f"Architecture={architecture()}",
    }
    words = shlex.split(shown[0].replace("\\\n", ""))
    assert ours.keys() <= set(words)
    run = subprocess.run(
        # The image is present, and one that was built here could not be pulled.
        [*(ours.get(word, word) for word in words), "--skip-pull-image", *more],
        cwd=ROOT,
        env={**environment_without_aws(), "SAM_CLI_TELEMETRY": "0"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=_WITHIN,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def stored(cloud: LocalCloud) -> dict[str, dict[str, Any]]:
    """Read the table of `make serve`, by key."""
    items = cloud.client("dynamodb").scan(TableName=serve.NAME)["Items"]
    return {item["pk"]["S"]: item for item in items}


@pytest.mark.parametrize("name", ASKS_FOR)
def test_each_event_ends_as_the_page_says(served: LocalCloud, name: str) -> None:
    """Each log has a row, and what is unusable or unknown is parked."""
    event = ROOT / "events" / name
    answer = invoke("EnrichFunction", event, ROOT / "events/env.json")
    messages = [record["messageId"] for record in json.loads(event.read_text())["Records"]]
    table = stored(served)
    for message, asked in zip(messages, ASKS_FOR[name], strict=True):
        if asked == UNKNOWN:
            # Sent in 2024, it has no time left for another try.
            assert table[asked]["parked_code"]["S"] == "fetch.not_found"
        elif "#" in asked:
            assert "outcome" in table[asked]
        else:
            assert table[f"parked#{message}"]["parked_code"]["S"] == asked
    assert answer == {"batchItemFailures": []}


def test_a_change_of_the_table_becomes_an_event(served: LocalCloud) -> None:
    """The publish function tells the failed fax of the sample on the bus."""
    tap = EventTap(served, "invoked")
    event = ROOT / "events" / STREAM
    answer = invoke("PublishFunction", event, ROOT / "events/env.json")
    assert answer == {"batchItemFailures": []}
    (told,) = tap.receive()
    assert (told.detail_type, told.key) == ("Fax Failed", f"fax#{OFFICIAL_FAX_ID}")


@pytest.fixture(scope="module")
def template(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the built template, with an endpoint variable and a long timeout for all functions.

    `sam local` sets only variables that a template declares, and the template does not declare
    ``AWS_ENDPOINT_URL`` for the webhook and sweep functions. `sam local` also counts an emulated
    cold start towards the webhook function's five seconds.
    """
    content = yaml.safe_load((built / "template.yaml").read_text())
    for resource in content["Resources"].values():
        properties = resource.get("Properties", {})
        for place in ("CodeUri", "ContentUri"):
            if place in properties:
                properties[place] = str(built / properties[place])
        if resource["Type"] == "AWS::Serverless::Function":
            properties["Timeout"] = max(_PATIENCE, properties["Timeout"])
            properties["Environment"]["Variables"]["AWS_ENDPOINT_URL"] = ""
    copy = tmp_path_factory.mktemp("template") / "template.yaml"
    copy.write_text(yaml.safe_dump(content, sort_keys=False))
    return copy


@pytest.fixture
def environment(served: LocalCloud, tmp_path: Path) -> Path:
    """Direct the other functions to the same services, with a secret."""
    secret = {"project_id": PROJECT_ID, "api_token": API_TOKEN, "signing_keys": [KEY]}
    arn = served.client("secretsmanager").create_secret(
        Name=tmp_path.name, SecretString=json.dumps(secret)
    )["ARN"]
    given = json.loads((ROOT / "events/env.json").read_text())["EnrichFunction"]
    common = {name: given[name] for name in ("QUEUE_URL", "AWS_ENDPOINT_URL")}
    common["SIGNALWIRE_SECRET_ARN"] = arn
    ours = {
        "WebhookFunction": {**common, "WEBHOOK_URL": BASE},
        "SweepFunction": {**given, **common},
    }
    path = tmp_path / "env.json"
    path.write_text(json.dumps(ours))
    return path


def queued(cloud: LocalCloud) -> int:
    """Count the messages on the queue of `make serve`."""
    sqs = cloud.client("sqs")
    url = sqs.get_queue_url(QueueName=serve.NAME)["QueueUrl"]
    return messages_left(cloud, url)


def test_a_signed_callback_is_put_on_the_queue(
    served: LocalCloud, template: Path, environment: Path, tmp_path: Path
) -> None:
    """The webhook function answers 204 once the callback is on the queue."""
    event = tmp_path / "event.json"
    event.write_text(json.dumps(json_request(message_status()).event()))
    before = queued(served)
    answer = invoke("WebhookFunction", event, environment, "--template", str(template))
    assert answer["statusCode"] == 204
    assert queued(served) == before + 1


def test_a_sweep_stores_what_the_table_lacks(
    served: LocalCloud, template: Path, environment: Path, tmp_path: Path
) -> None:
    """The sweep function reads the lists of the space and the table."""
    event = tmp_path / "event.json"
    event.write_text("{}")
    before = queued(served), len(stored(served))
    answer = invoke("SweepFunction", event, environment, "--template", str(template))
    assert answer["complete"] is True
    assert answer["stored"] > 0
    assert len(stored(served)) >= before[1] + answer["stored"]
    assert queued(served) >= before[0] + answer["enqueued"]
