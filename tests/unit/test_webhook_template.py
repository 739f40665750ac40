"""What the template promises of the front door: closed until it is configured, and bounded."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from hooklog.errors import SettingsError
from hooklog.webhook import settings as webhook_settings
from hooklog.webhook.settings import WebhookSettings
from tests.template import properties, template

RESOURCES: dict[str, Any] = template()["Resources"]
PARAMETERS: dict[str, Any] = template()["Parameters"]
ADAPTERS = Path(__file__).parents[2] / "layers/hooklog/hooklog/adapters/aws"
#: What a caller may wait for; then SignalWire takes the callback for lost.
PATIENCE_S = 5


def of_the_webhook() -> dict[str, Any]:
    """Give the resources that are there for callbacks."""
    return {name: found for name, found in RESOURCES.items() if name.startswith("Webhook")}


def permissions(condition: str) -> list[dict[str, Any]]:
    """Give who may invoke the function under a condition."""
    return [
        found["Properties"]
        for found in of_the_webhook().values()
        if found["Type"] == "AWS::Lambda::Permission" and found["Condition"] == condition
    ]


def test_the_webhook_can_be_left_out() -> None:
    """Without a webhook nothing of it is deployed."""
    conditions = {name: found["Condition"] for name, found in of_the_webhook().items()}
    assert set(conditions.values()) == {"HasWebhook", "HasFunctionUrl", "HasHttpApi"}
    assert PARAMETERS["WebhookApi"]["AllowedValues"] == ["FunctionUrl", "HttpApi", "None"]
    for name, output in template()["Outputs"].items():
        assert (output.get("Condition") == "HasWebhook") is name.startswith("Webhook")


def test_the_door_is_closed_until_its_url_is_known() -> None:
    """Without the parameter the function gets an empty URL, which lets nobody in."""
    assert PARAMETERS["WebhookUrl"]["Default"] == ""
    assert properties("WebhookFunction")["Environment"]["Variables"]["WEBHOOK_URL"] == "WebhookUrl"


def test_a_public_url_needs_both_permissions() -> None:
    """Since October 2025: to call the URL, and to invoke the function by way of it only."""
    assert properties("WebhookFunctionUrl") == {
        "TargetFunctionArn": "WebhookFunction",
        "AuthType": "NONE",
    }
    url, invoke = permissions("HasFunctionUrl")
    assert url == {
        "FunctionName": "WebhookFunction",
        "Principal": "*",
        "Action": "lambda:InvokeFunctionUrl",
        "FunctionUrlAuthType": "NONE",
    }
    assert invoke == {
        "FunctionName": "WebhookFunction",
        "Principal": "*",
        "Action": "lambda:InvokeFunction",
        "InvokedViaFunctionUrl": True,
    }


def test_the_http_api_is_the_same_door() -> None:
    """Every request goes to the function, in the same format and with the path as it was."""
    assert properties("WebhookHttpApiIntegration")["IntegrationUri"] == "WebhookFunction.Arn"
    assert properties("WebhookHttpApiIntegration")["PayloadFormatVersion"] == "2.0"
    assert properties("WebhookHttpApiRoute")["RouteKey"] == "$default"
    assert properties("WebhookHttpApiStage")["StageName"] == "$default"
    (permission,) = permissions("HasHttpApi")
    assert permission["FunctionName"] == "WebhookFunction"
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"].endswith(":${WebhookHttpApi}/*")


def test_the_caller_does_not_wait_longer_than_it_would() -> None:
    """What takes longer is ended, and answered by AWS with an error."""
    assert properties("WebhookFunction")["Timeout"] <= PATIENCE_S


def test_the_rate_can_be_limited() -> None:
    """By a parameter; zero, which would stop everything, sets no limit."""
    limit = properties("WebhookFunction")["ReservedConcurrentExecutions"]
    assert limit == ["HasWebhookLimit", "WebhookReservedConcurrency", "AWS::NoValue"]
    assert PARAMETERS["WebhookReservedConcurrency"]["Default"] == 0


def test_the_function_may_do_just_what_it_does() -> None:
    """Put messages on the queue, read the secret, write its log lines; each on one resource."""
    (policy,) = properties("WebhookRole")["Policies"]
    statements = policy["PolicyDocument"]["Statement"]
    assert {str(s["Action"]): str(s["Resource"]) for s in statements} == {
        "sqs:SendMessage": "Queue.Arn",
        "secretsmanager:GetSecretValue": str(
            ["CreateSecret", "CredentialsSecret", "CredentialsSecretArn"]
        ),
        str(["logs:CreateLogStream", "logs:PutLogEvents"]): "WebhookLogGroup.Arn",
    }
    for adapter, call in (("sqs", "send_message"), ("secret", "get_secret_value")):
        assert f".{call}(" in (ADAPTERS / f"{adapter}.py").read_text(encoding="utf-8")


def test_it_is_a_function_like_the_others() -> None:
    """One runtime, one processor, the same layers, a log group of its own that ends."""
    mine, other = properties("WebhookFunction"), properties("EnrichFunction")
    for name in ("Runtime", "Architectures", "Layers", "Handler"):
        assert mine[name] == other[name]
    assert mine["LoggingConfig"] == {"LogGroup": "WebhookLogGroup"}
    assert properties("WebhookLogGroup") == {"RetentionInDays": "LogRetentionDays"}


# --- the settings -------------------------------------------------------------------------------

COMPLETE = {
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog",
    "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog",
    "WEBHOOK_URL": "https://hooks.example.com",
    "LOG_LEVEL": "WARNING",
}


def test_template_sets_every_variable() -> None:
    """The function's environment in the template is these settings, all and no other."""
    variables = properties("WebhookFunction")["Environment"]["Variables"]
    assert set(variables) == {field.name.upper() for field in fields(WebhookSettings)}


def test_all_values_are_read() -> None:
    """Each variable sets the field of its name; others are none of our business."""
    settings = WebhookSettings.load(COMPLETE | {"PATH": "/bin", "queue_url": "another"})
    for name, value in COMPLETE.items():
        assert getattr(settings, name.lower()) == value


def test_defaults() -> None:
    """The two that the stack knows are enough; the door is closed then."""
    settings = WebhookSettings.load(
        {k: COMPLETE[k] for k in ("QUEUE_URL", "SIGNALWIRE_SECRET_ARN")}
    )
    assert (settings.webhook_url, settings.log_level) == ("", "INFO")


@pytest.mark.parametrize("name", ["QUEUE_URL", "SIGNALWIRE_SECRET_ARN"])
def test_missing_variables_are_named(name: str) -> None:
    """The sentence names the variable that is not set and says what it must be."""
    with pytest.raises(SettingsError, match=f"^{name} is not set; it must be the .+[.]$"):
        WebhookSettings.load({k: v for k, v in COMPLETE.items() if k != name})


#: URLs that the parameter and the variable refuse, and such that they take.
BAD_URLS = [
    *("hooks.example.com", "http://hooks.example.com", "HTTPS://hooks.example.com"),
    *("https://", "https:///x", "https://user:wrong@hooks.example.com", "https://h.example.com?x"),
    *("https://h.example.com/#x", "https://h.example.com/a b", "https://h.example.com/%41"),
    *("https://h.example.com:", "https://h.example.com:port", " https://h.example.com"),
    *("https://h.example.com\n", "https://h.example.com\\x", "https://é.example.com"),
]
GOOD_URLS = [
    *("", "https://hooks.example.com", "https://hooks.example.com/", "https://h:8443"),
    "https://abcdefghijklmnopqrstuvwxyz012345.lambda-url.eu-central-1.on.aws/",
    *("https://hooks.example.com/prefix", "https://hooks.example.com/a/b_c-d.e~f/"),
]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("WEBHOOK_URL", url) for url in BAD_URLS),
        *(("QUEUE_URL", ""), ("QUEUE_URL", " "), ("SIGNALWIRE_SECRET_ARN", "")),
        *(("LOG_LEVEL", "wrong"), ("LOG_LEVEL", "info"), ("LOG_LEVEL", "")),
    ],
)
def test_malformed_variables_are_named(name: str, value: str) -> None:
    """The sentence names the variable, says what it must be, and does not repeat its value."""
    with pytest.raises(SettingsError, match=f"^{name} is malformed; it must be the ") as caught:
        WebhookSettings.load(COMPLETE | {name: value})
    assert "wrong" not in caught.value.detail


@pytest.mark.parametrize("url", GOOD_URLS)
def test_good_urls(url: str) -> None:
    """A host, a port if need be, and the path's beginning if there is one."""
    assert WebhookSettings.load(COMPLETE | {"WEBHOOK_URL": url}).webhook_url == url


@pytest.mark.parametrize("url", [*GOOD_URLS, *BAD_URLS])
def test_the_deployment_refuses_what_the_function_would(url: str) -> None:
    """Parameter and variable have the same form, so a bad one does not get as far."""
    _, form = webhook_settings._FORMS["webhook_url"]
    pattern = PARAMETERS["WebhookUrl"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) == bool(re.fullmatch(form, url)) == (url in GOOD_URLS)
