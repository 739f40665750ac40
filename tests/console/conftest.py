"""A stack in a local cloud with everything that the console reads, and the console on it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from hooklog.clock import Clock
from hooklog_ops.console.app import create_app
from hooklog_ops.console.backend import Backend
from hooklog_ops.console.guard import Guard
from hooklog_ops.deployment import Deployment
from local.cloud import REGION, LocalCloud, local_cloud
from local.space import RunningSpace, Space, serve
from tests import fakes
from tests.console.tabs import CHROMIUM, OPTIONS, Tab, watched
from tests.ops.conftest import Desk, cleared
from tests.template import deployable

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

STACK = "hooklog-console"
FUNCTION = "console-enrich"
PORT = 8000
BASE_URL = f"http://127.0.0.1:{PORT}"
TOKEN = "a-token-of-this-start"
_EMPTY_ZIP = b"PK\x05\x06" + bytes(18)
_RESOURCES = ("Queue", "DeadLetterQueue", "Table", "CredentialsSecret")
_OUTPUTS = ("QueueUrl", "DeadLetterQueueUrl", "TableName", "CredentialsSecretArn")


@dataclass(frozen=True)
class Site(Desk):
    """A desk with SignalWire and metrics, for the console."""

    space: RunningSpace
    cloudwatch: CloudWatchClient

    def client(self, *, allow_actions: bool = False, clock: Clock | None = None) -> FlaskClient:
        """Open the console, without a server."""
        guard = Guard(port=PORT, token=TOKEN, allow_actions=allow_actions)
        return create_app(Backend.open(self.stack, clock or fakes.Clock()), guard).test_client()

    def measure(self, name: str, at: datetime, *values: float, log_type: str = "fax") -> None:
        """Emit values of one of the functions' metrics."""
        self.cloudwatch.put_metric_data(
            Namespace=self.stack.variables("EnrichFunctionName")["METRICS_NAMESPACE"],
            MetricData=[
                {
                    "MetricName": name,
                    "Dimensions": [{"Name": "log_type", "Value": log_type}],
                    "Timestamp": at,
                    "Values": values,
                }
            ],
        )


def get(client: FlaskClient, path: str, **headers: str) -> tuple[int, str]:
    """Request a page as a browser does; return status and text."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.get(path, base_url=BASE_URL, headers=sent, buffered=True)
    return answer.status_code, answer.text


def post(
    client: FlaskClient, path: str, form: dict[str, str] | None = None, **headers: str
) -> tuple[int, str]:
    """Send a form as the console's own page does, except for the given headers."""
    sent = {"Origin": BASE_URL, "Sec-Fetch-Site": "same-origin"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.post(
        path, base_url=BASE_URL, data={"token": TOKEN, **(form or {})}, headers=sent
    )
    return answer.status_code, answer.text


@pytest.fixture(scope="session")
def _site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Start the cloud and a space; create the stack, and a function that only has settings."""
    log = tmp_path_factory.mktemp("console") / "cloud.log"
    with serve(Space()) as space, local_cloud(log) as cloud:
        template = json.loads(deployable(*_RESOURCES, outputs=_OUTPUTS))
        template["Outputs"]["EnrichFunctionName"] = {"Value": FUNCTION}
        cloud.client("cloudformation").create_stack(
            StackName=STACK,
            TemplateBody=json.dumps(template),
            Parameters=[
                {"ParameterKey": "SignalWireSpace", "ParameterValue": space.host},
                {"ParameterKey": "DelaySeconds", "ParameterValue": "0"},
                {"ParameterKey": "IndexNumbers", "ParameterValue": "true"},
            ],
        )
        cloud.client("cloudformation").get_waiter("stack_create_complete").wait(
            StackName=STACK, WaiterConfig={"Delay": 1, "MaxAttempts": 30}
        )
        session = boto3.session.Session(
            aws_access_key_id="local", aws_secret_access_key="local", region_name=REGION
        )
        stack = Deployment.open(session, STACK, endpoint_url=cloud.url)
        _make_function(cloud, stack, space)
        yield Site(cloud, stack, space, cloud.client("cloudwatch"))


def _make_function(cloud: LocalCloud, stack: Deployment, space: RunningSpace) -> None:
    """Store the credentials and the settings where the console reads them."""
    secret_arn = stack.output("CredentialsSecretArn")
    cloud.client("secretsmanager").put_secret_value(
        SecretId=secret_arn,
        SecretString=json.dumps({"project_id": space.project_id, "api_token": space.api_token}),
    )
    cloud.client("lambda").create_function(
        FunctionName=FUNCTION,
        Runtime="python3.13",
        Role="arn:aws:iam::000000000000:role/none",
        Handler="app.handler",
        Code={"ZipFile": _EMPTY_ZIP},
        Environment={
            "Variables": {
                "SIGNALWIRE_SPACE": space.host,
                "SIGNALWIRE_SECRET_ARN": secret_arn,
                "TABLE_NAME": stack.output("TableName"),
                "QUEUE_URL": stack.output("QueueUrl"),
                "METRICS_NAMESPACE": "Hooklog",
            }
        },
    )


@pytest.fixture
def site(_site: Site) -> Iterator[Site]:
    """Return the stack, and clear its table and queues afterwards."""
    with cleared(_site.stack):
        yield _site


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield found
        found.close()


@pytest.fixture(scope="module")
def console(_site: Site) -> Iterator[str]:
    """Start the console as a user does; return its address, which is all that it prints."""
    process = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("hooklog"), "--stack", STACK),
            *("console", "--allow-actions"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, **_site.cloud.environment},
    )
    assert process.stdout
    line = process.stdout.readline()
    yield line.split()[1].rstrip("/")
    process.terminate()
    rest, _ = process.communicate(timeout=30)
    assert rest == ""


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """Return a window without history."""
    opened = browser.new_context(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.fixture
def tab(context: BrowserContext, console: str) -> Iterator[Tab]:
    """Return a tab, which must not complain, nor send a request to another host."""
    tab = watched(context, console)
    yield tab
    assert tab.complaints == []
