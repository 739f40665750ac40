"""The permissions of the deployed stack, in the template as SAM translates it.

``tests/project/test_template.py`` and ``tests/project/test_webhook_template.py`` check that
each function may do only what its code calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from hooklog.publish.events import SOURCE

#: The reason for each wildcard, by resource, Sid and element.
REASONS = {
    ("QueuesPolicy", "DenyInsecureTransport", "Action"): ("It denies every request without TLS."),
    ("QueuesPolicy", "DenyInsecureTransport", "Resource"): (
        "A queue policy applies only to the queues that it is attached to."
    ),
    ("QueuesPolicy", "AllowProducers", "Resource"): (
        "As above; the condition names who is let in, and by default there is no such statement."
    ),
    ("QueuesPolicy", "DenyInsecureTransport", "Principal"): "It denies, without exceptions.",
    ("PublishRole", "FindStreams", "Resource"): (
        "The action cannot be limited to a stream; it returns names, and no record."
    ),
    ("TracingPolicy", "SendTraces", "Resource"): "X-Ray's traces belong to no resource.",
    ("WebhookUrlPermission", "", "Principal"): (
        "SignalWire has no AWS identity; the signature decides what is accepted."
    ),
    ("WebhookInvokePermission", "", "Principal"): (
        "As above; AWS requires both permissions, and this one holds only through the URL."
    ),
}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, and the resource that contains it."""

    resource: str
    content: dict[str, Any]

    @property
    def sid(self) -> str:
        """The Sid, or an empty string."""
        return str(self.content.get("Sid", ""))

    @property
    def wildcards(self) -> Iterator[tuple[str, str, str]]:
        """The elements with a wildcard, and those that exclude, such as ``NotAction``."""
        for element, value in self.content.items():
            is_wild = element.startswith("Not") or "*" in json.dumps(value)
            if element not in {"Sid", "Effect", "Condition"} and is_wild:
                yield self.resource, self.sid, element


def statements(resources: dict[str, Any]) -> list[Statement]:
    """Return every statement of every policy, and Lambda's permissions."""

    def below(name: str, value: object) -> Iterator[Statement]:
        if isinstance(value, dict):
            if "Effect" in value:
                yield Statement(name, value)
            for one in value.values():
                yield from below(name, one)
        elif isinstance(value, list):
            for one in value:
                yield from below(name, one)

    found = [one for name, resource in resources.items() for one in below(name, resource)]
    for name, resource in resources.items():
        if resource["Type"].endswith("Permission"):
            # SourceArn is a condition, which narrows what is allowed.
            content = {k: v for k, v in resource["Properties"].items() if k != "SourceArn"}
            found.append(Statement(name, content))
    return found


def test_every_wildcard_has_its_reason(deployed: dict[str, Any]) -> None:
    """No wildcard lacks a reason, and no reason lacks its wildcard."""
    found = {wild for one in statements(deployed) for wild in one.wildcards}
    assert found == set(REASONS)


@pytest.mark.parametrize(
    "content",
    [
        {"Effect": "Allow", "Action": "*", "Resource": "a"},
        {"Effect": "Allow", "Action": ["sqs:SendMessage", "sqs:Get*"], "Resource": "a"},
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"},
        {"Effect": "Allow", "Action": "a", "Resource": [{"Fn::Sub": "arn:x:${Table}/*"}]},
        {"Effect": "Allow", "NotAction": "iam:PassRole", "Resource": "a"},
        {"Effect": "Allow", "Action": "a", "NotResource": "a"},
        {"Effect": "Allow", "Action": "a", "Principal": {"AWS": "*"}},
    ],
)
def test_wildcards_are_found_in_every_element(content: dict[str, Any]) -> None:
    """The test above can fail."""
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"D": {"Statement": [content]}}}
    (statement,) = statements({"Made": policy})
    assert len(list(statement.wildcards)) == 1


def test_every_role_is_spelled_out(deployed: dict[str, Any]) -> None:
    """SAM adds no role, and no AWS managed policy is attached, because both allow too much."""
    roles = {
        name: one["Properties"] for name, one in deployed.items() if one["Type"] == "AWS::IAM::Role"
    }
    assert set(roles) == {"EnrichRole", "WebhookRole", "SweepRole", "PublishRole"}
    for role in roles.values():
        assert "ManagedPolicyArns" not in role
        (assumed,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert assumed["Principal"] == {"Service": "lambda.amazonaws.com"}
    for name, function in functions(deployed).items():
        (used,) = function["Role"]["Fn::GetAtt"][:1]
        assert used == name.replace("Function", "Role")


def test_no_secret_passes_through_the_template(deployed: dict[str, Any]) -> None:
    """Functions get the secret's ARN; an operator puts the value into the secret only.

    The publish function does not even get that: it never asks SignalWire.
    """
    arn = {
        "Fn::If": ["CreateSecret", {"Ref": "CredentialsSecret"}, {"Ref": "CredentialsSecretArn"}]
    }
    for name, function in functions(deployed).items():
        variables = function["Environment"]["Variables"]
        wanted = None if name == "PublishFunction" else arn
        assert variables.get("SIGNALWIRE_SECRET_ARN") == wanted, name
        # Only the enrich function has them, for `sam local invoke`; in the cloud they are empty.
        for local in ("SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"):
            assert variables.get(local, "") == "", name
    assert set(deployed["CredentialsSecret"]["Properties"]) == {"Description"}


def test_only_the_webhook_can_be_called_from_outside(deployed: dict[str, Any]) -> None:
    """Function URL and HTTP API both lead to the function that checks signatures."""
    outside = {
        name
        for name, one in deployed.items()
        if one["Type"] in {"AWS::Lambda::Url", "AWS::ApiGatewayV2::Integration"}
    }
    assert outside == {"WebhookFunctionUrl", "WebhookHttpApiIntegration"}
    for name in outside:
        assert '"WebhookFunction"' in json.dumps(deployed[name])


def test_events_are_sent_in_one_name_to_one_bus(deployed: dict[str, Any]) -> None:
    """Nobody who takes the publish function over can pose as another source, or use another bus."""
    (sends,) = [one.content for one in statements(deployed) if one.sid == "PutEvents"]
    assert sends["Action"] == "events:PutEvents"
    assert sends["Condition"] == {"StringEquals": {"events:source": SOURCE}}
    condition, given, default = sends["Resource"]["Fn::If"]
    assert (condition, given) == ("HasEventBus", {"Ref": "EventBusArn"})
    assert default["Fn::Sub"].endswith(":event-bus/default")


def test_every_queue_and_table_is_encrypted(deployed: dict[str, Any]) -> None:
    """AWS encrypts the secret and the log groups by default."""
    encrypted = {
        "AWS::SQS::Queue": "SqsManagedSseEnabled",
        "AWS::DynamoDB::Table": "SSESpecification",
    }
    for name, one in deployed.items():
        if wanted := encrypted.get(one["Type"]):
            assert one["Properties"][wanted] in (True, {"SSEEnabled": True}), name


def functions(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the functions' properties by logical ID."""
    return {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::Lambda::Function"
    }
