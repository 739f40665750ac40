"""The webhook in the template is closed until it is configured, and it is bounded."""

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
#: Seconds after which SignalWire considers a callback lost.
PATIENCE_S = 5


def of_the_webhook() -> dict[str, Any]:
    """Return the resources that serve callbacks, by logical ID."""
    return {name: found for name, found in RESOURCES.items() if name.startswith("Webhook")}


def permissions(condition: str) -> list[dict[str, Any]]:
    """Return the permissions to invoke the function that depend on a condition."""
    return [
        found["Properties"]
        for found in of_the_webhook().values()
        if found["Type"] == "AWS::Lambda::Permission" and found["Condition"] == condition
    ]


def test_the_webhook_can_be_left_out() -> None:
    """Without a webhook, none of its resources is deployed."""
    conditions = {name: found["Condition"] for name, found in of_the_webhook().items()}
    assert set(conditions.values()) == {"HasWebhook", "HasFunctionUrl", "HasHttpApi"}
    assert PARAMETERS["WebhookApi"]["AllowedValues"] == ["FunctionUrl", "HttpApi", "None"]
    for name, output in template()["Outputs"].items():
        assert (output.get("Condition") == "HasWebhook") is name.startswith("Webhook")


def test_the_door_is_closed_until_its_url_is_known() -> None:
    """Without the parameter, the function gets an empty URL and refuses every callback."""
    assert PARAMETERS["WebhookUrl"]["Default"] == ""
    assert properties("WebhookFunction")["Environment"]["Variables"]["WEBHOOK_URL"] == "WebhookUrl"


def test_a_public_url_needs_both_permissions() -> None:
    """Since October 2025: to call the URL, and to invoke the function through the URL only."""
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
    """It passes every request to the function, in the same format and with the path unchanged."""
    assert properties("WebhookHttpApiIntegration")["IntegrationUri"] == "WebhookFunction.Arn"
    assert properties("WebhookHttpApiIntegration")["PayloadFormatVersion"] == "2.0"
    assert properties("WebhookHttpApiRoute")["RouteKey"] == "$default"
    assert properties("WebhookHttpApiStage")["StageName"] == "$default"
    (permission,) = permissions("HasHttpApi")
    assert permission["FunctionName"] == "WebhookFunction"
    assert permission["Principal"] == "apigateway.amazonaws.com"
    assert permission["SourceArn"].endswith(":${WebhookHttpApi}/*")


def test_the_caller_does_not_wait_longer_than_it_would() -> None:
    """Lambda ends a longer invocation, and AWS answers with an error."""
    assert properties("WebhookFunction")["Timeout"] <= PATIENCE_S


def test_the_rate_can_be_limited() -> None:
    """A parameter limits it; zero, which would stop everything, sets no limit."""
    limit = properties("WebhookFunction")["ReservedConcurrentExecutions"]
    assert limit == ["HasWebhookLimit", "WebhookReservedConcurrency", "AWS::NoValue"]
    assert PARAMETERS["WebhookReservedConcurrency"]["Default"] == 0


def test_the_function_may_do_only_what_it_does() -> None:
    """It may send messages, read the secret and write log lines, each on one resource."""
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


def test_the_platform_prints_no_lines_per_callback() -> None:
    """Lambda drops START, END and REPORT, which needs its JSON format."""
    config = properties("WebhookFunction")["LoggingConfig"]
    assert (config["LogFormat"], config["SystemLogLevel"]) == ("JSON", "WARN")


@pytest.mark.parametrize("function", ["WebhookFunction", "PublishFunction"])
def test_lambda_lets_debug_lines_pass_and_never_drops_metrics(function: str) -> None:
    """At most INFO, which metrics count as; powertools takes that level before any other."""
    config = properties(function)["LoggingConfig"]
    assert config["ApplicationLogLevel"] == ["IsDebug", "DEBUG", "INFO"]


def test_it_is_a_function_like_the_others() -> None:
    """It shares runtime, processor, handler and layers, and its own log group expires."""
    mine, other = properties("WebhookFunction"), properties("EnrichFunction")
    for name in ("Runtime", "Architectures", "Layers", "Handler"):
        assert mine[name] == other[name]
    assert mine["LoggingConfig"]["LogGroup"] == "WebhookLogGroup"
    assert properties("WebhookLogGroup") == {"RetentionInDays": "LogRetentionDays"}


# --- the settings -------------------------------------------------------------------------------

COMPLETE = {
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog",
    "SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog",
    "WEBHOOK_URL": "https://hooks.example.com",
    "CALLBACK_STATUSES": "Final",
    "LOG_LEVEL": "WARNING",
}


def test_template_sets_every_variable() -> None:
    """The template sets exactly the variables that the function reads."""
    variables = properties("WebhookFunction")["Environment"]["Variables"]
    assert set(variables) == {field.name.upper() for field in fields(WebhookSettings)}


def test_all_values_are_read() -> None:
    """Each variable sets the field of its name; others are ignored."""
    settings = WebhookSettings.load(COMPLETE | {"PATH": "/bin", "queue_url": "another"})
    for name, value in COMPLETE.items():
        assert getattr(settings, name.lower()) == value


def test_defaults() -> None:
    """Queue and secret are enough; the door is then closed."""
    settings = WebhookSettings.load(
        {k: COMPLETE[k] for k in ("QUEUE_URL", "SIGNALWIRE_SECRET_ARN")}
    )
    assert (settings.webhook_url, settings.log_level) == ("", "INFO")
    assert settings.callback_statuses == PARAMETERS["CallbackStatuses"]["Default"] == "All"


@pytest.mark.parametrize("name", ["QUEUE_URL", "SIGNALWIRE_SECRET_ARN"])
def test_missing_variables_are_named(name: str) -> None:
    """The error names the variable that is not set and says what it must be."""
    with pytest.raises(SettingsError, match=f"^{name} is not set; it must be the .+[.]$"):
        WebhookSettings.load({k: v for k, v in COMPLETE.items() if k != name})


#: URLs that both the parameter and the variable refuse, and URLs that both accept.
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
        *(
            ("CALLBACK_STATUSES", "wrong"),
            ("CALLBACK_STATUSES", "final"),
            ("CALLBACK_STATUSES", ""),
        ),
        *(("LOG_LEVEL", "wrong"), ("LOG_LEVEL", "info"), ("LOG_LEVEL", "")),
    ],
)
def test_malformed_variables_are_named(name: str, value: str) -> None:
    """The error names the variable and says what it must be, but does not repeat its value."""
    with pytest.raises(SettingsError, match=f"^{name} is malformed; it must be the ") as caught:
        WebhookSettings.load(COMPLETE | {name: value})
    assert "wrong" not in caught.value.detail


@pytest.mark.parametrize("url", GOOD_URLS)
def test_good_urls(url: str) -> None:
    """A URL has a host and, optionally, a port and the beginning of the path."""
    assert WebhookSettings.load(COMPLETE | {"WEBHOOK_URL": url}).webhook_url == url


@pytest.mark.parametrize("url", [*GOOD_URLS, *BAD_URLS])
def test_the_deployment_refuses_what_the_function_would(url: str) -> None:
    """Parameter and variable have the same form, so a bad URL fails at the deployment."""
    _, form = webhook_settings._FORMS["webhook_url"]
    pattern = PARAMETERS["WebhookUrl"]["AllowedPattern"]
    assert bool(re.fullmatch(pattern, url)) == bool(re.fullmatch(form, url)) == (url in GOOD_URLS)
