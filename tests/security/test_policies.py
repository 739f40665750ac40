"""What the deployed stack allows, to whom: read off the template as SAM translates it.

That each function may do just what its code calls is in ``tests/unit/test_template.py`` and
``tests/unit/test_webhook_template.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

#: Every wildcard there is, as resource, statement and what is wild there, with its reason.
REASONS = {
    ("QueuesPolicy", "OnlyEncryptedTransport", "Action"): (
        "It denies: whatever is asked for without TLS is refused."
    ),
    ("QueuesPolicy", "OnlyEncryptedTransport", "Resource"): (
        "A queue's policy concerns the queues that it is attached to, and no others."
    ),
    ("QueuesPolicy", "OnlyEncryptedTransport", "Principal"): "It denies: nobody is excepted.",
    ("WebhookUrlPermission", "", "Principal"): (
        "SignalWire has no AWS identity; the signature decides who gets in."
    ),
    ("WebhookInvokePermission", "", "Principal"): (
        "As above: AWS wants both permissions, and this one counts for the URL alone."
    ),
}


@dataclass(frozen=True)
class Statement:
    """One statement of a policy, with the resource that it stands in."""

    resource: str
    content: dict[str, Any]

    @property
    def sid(self) -> str:
        """Its name, if it has one."""
        return str(self.content.get("Sid", ""))

    @property
    def wildcards(self) -> Iterator[tuple[str, str, str]]:
        """Name each element that has a wildcard in it, or says who is *not* meant."""
        for element, value in self.content.items():
            is_wild = element.startswith("Not") or "*" in json.dumps(value)
            if element not in {"Sid", "Effect", "Condition"} and is_wild:
                yield self.resource, self.sid, element


def statements(resources: dict[str, Any]) -> list[Statement]:
    """Find every statement, in whatever sort of policy, and Lambda's permissions beside them."""

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
            # Where it comes from is a condition: it narrows what is allowed.
            content = {k: v for k, v in resource["Properties"].items() if k != "SourceArn"}
            found.append(Statement(name, content))
    return found


def test_every_wildcard_has_its_reason(deployed: dict[str, Any]) -> None:
    """Both ways: no wildcard without a reason, and no reason without its wildcard."""
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
def test_wildcards_are_found_wherever_they_stand(content: dict[str, Any]) -> None:
    """The test above can fail."""
    policy = {"Type": "AWS::IAM::ManagedPolicy", "Properties": {"D": {"Statement": [content]}}}
    (statement,) = statements({"Made": policy})
    assert len(list(statement.wildcards)) == 1


def test_every_role_is_written_out(deployed: dict[str, Any]) -> None:
    """SAM adds none of its own, and no policy of AWS's is attached: those allow too much."""
    roles = {
        name: one["Properties"] for name, one in deployed.items() if one["Type"] == "AWS::IAM::Role"
    }
    assert set(roles) == {"EnrichRole", "WebhookRole", "SweepRole"}
    for role in roles.values():
        assert "ManagedPolicyArns" not in role
        (assumed,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert assumed["Principal"] == {"Service": "lambda.amazonaws.com"}
    for name, function in functions(deployed).items():
        (used,) = function["Role"]["Fn::GetAtt"][:1]
        assert used == name.replace("Function", "Role")


def test_no_secret_passes_through_the_template(deployed: dict[str, Any]) -> None:
    """Functions get the secret's ARN; its value is put into it by hand, and nowhere else."""
    arn = {
        "Fn::If": ["CreateSecret", {"Ref": "CredentialsSecret"}, {"Ref": "CredentialsSecretArn"}]
    }
    for name, function in functions(deployed).items():
        variables = function["Environment"]["Variables"]
        assert variables["SIGNALWIRE_SECRET_ARN"] == arn, name
        # Of the enrichment alone, for `sam local invoke`: in the cloud they are empty.
        for local in ("SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"):
            assert variables.get(local, "") == "", name
    assert set(deployed["CredentialsSecret"]["Properties"]) == {"Description"}


def test_only_the_webhook_can_be_called_from_outside(deployed: dict[str, Any]) -> None:
    """Function URL and HTTP API both lead to the function that asks for a signature."""
    outside = {
        name
        for name, one in deployed.items()
        if one["Type"] in {"AWS::Lambda::Url", "AWS::ApiGatewayV2::Integration"}
    }
    assert outside == {"WebhookFunctionUrl", "WebhookHttpApiIntegration"}
    for name in outside:
        assert '"WebhookFunction"' in json.dumps(deployed[name])


def test_every_queue_and_table_asks_for_encryption(deployed: dict[str, Any]) -> None:
    """The secret and the log groups are encrypted by AWS without being asked."""
    encrypted = {
        "AWS::SQS::Queue": "SqsManagedSseEnabled",
        "AWS::DynamoDB::Table": "SSESpecification",
    }
    for name, one in deployed.items():
        if wanted := encrypted.get(one["Type"]):
            assert one["Properties"][wanted] in (True, {"SSEEnabled": True}), name


def functions(resources: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the functions' properties by name."""
    return {
        name: one["Properties"]
        for name, one in resources.items()
        if one["Type"] == "AWS::Lambda::Function"
    }
