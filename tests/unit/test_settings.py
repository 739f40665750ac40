"""The environment is complete and well-formed, or the refusal names the variable."""

from __future__ import annotations

import traceback
from datetime import timedelta

import pytest
from pydantic import ValidationError

from hooklog.enrich.settings import EnrichSettings
from hooklog.errors import SettingsError
from hooklog.records.items import StorageOptions
from hooklog.settings import Settings
from hooklog.sweep.settings import SweepSettings
from hooklog.webhook.settings import WebhookSettings
from tests import template

#: Short, since pydantic would truncate a longer value by itself.
TOKEN = "PT-not-shown"
REQUIRED = {
    "TABLE_NAME": "hooklog",
    "QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/000000000000/hooklog",
    "SIGNALWIRE_SPACE": "example.signalwire.com",
}
LOCAL = {"SIGNALWIRE_PROJECT_ID": "project", "SIGNALWIRE_API_TOKEN": TOKEN}
SECRET = {"SIGNALWIRE_SECRET_ARN": "arn:aws:secretsmanager:us-east-1:000000000000:secret:hooklog"}
COMPLETE = REQUIRED | LOCAL
#: Variables that the template sets for boto3.
FOR_BOTO3 = {"AWS_ENDPOINT_URL"}


def refusal(environ: dict[str, str]) -> str:
    """Return the refusal of an environment; neither it nor its traceback may show the token."""
    with pytest.raises(SettingsError) as caught:
        EnrichSettings.load(environ)
    printed = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in printed
    return caught.value.detail


def test_defaults() -> None:
    """The required variables are enough; all others have a default."""
    settings = EnrichSettings.load(COMPLETE)
    assert settings.table_name == "hooklog"
    assert settings.queue_url == REQUIRED["QUEUE_URL"]
    assert settings.fetch_concurrency == 100
    assert (settings.fetch_connect_timeout, settings.fetch_read_timeout) == (3, 10)
    assert settings.retry_first_delay == 30
    assert settings.record_ttl_days == 0
    assert settings.log_level == "INFO"


def test_all_values_are_read() -> None:
    """Each variable sets the field of its name."""
    given = {
        "FETCH_CONCURRENCY": "7",
        "FETCH_CONNECT_TIMEOUT": "0.5",
        "FETCH_READ_TIMEOUT": "60",
        "RETRY_FIRST_DELAY": "1",
        "RECORD_TTL_DAYS": "90",
        "LOG_LEVEL": "DEBUG",
        # Its default, given.
        "API_REQUESTS_PER_SECOND": "0",
    }
    settings = EnrichSettings.load(COMPLETE | SECRET | given)
    assert settings.signalwire_secret_arn == SECRET["SIGNALWIRE_SECRET_ARN"]
    assert settings.signalwire_project_id == "project"
    assert settings.signalwire_api_token.get_secret_value() == TOKEN
    for name, value in given.items():
        assert str(getattr(settings, name.lower())).removesuffix(".0") == value


@pytest.mark.parametrize(
    ("given", "options"),
    [
        ({}, StorageOptions()),
        ({"RECORD_TTL_DAYS": "90"}, StorageOptions(ttl=timedelta(days=90))),
        ({"INDEX_NUMBERS": "true"}, StorageOptions(index_numbers=True)),
        ({"INDEX_DAYS": "true"}, StorageOptions(index_days=True)),
    ],
)
def test_rows_are_stored_as_the_environment_says(
    given: dict[str, str], options: StorageOptions
) -> None:
    """Each option is that of its own variable."""
    assert EnrichSettings.load(COMPLETE | given).storage == options


def test_unknown_variables_are_ignored() -> None:
    """Variables that are not hooklog's are ignored, in upper and lower case."""
    more = {"PATH": "/bin", "AWS_REGION": "us-east-1", "table_name": "another"}
    assert EnrichSettings.load(COMPLETE | more) == EnrichSettings.load(COMPLETE)


@pytest.mark.parametrize("name", REQUIRED)
def test_missing_variables_are_named(name: str) -> None:
    """The refusal names the variable that is not set and says what it must be."""
    sentence = refusal({key: value for key, value in COMPLETE.items() if key != name})
    purpose = EnrichSettings.model_fields[name.lower()].description
    assert sentence == f"{name} is not set; it must be the {purpose}."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TABLE_NAME", ""),
        ("TABLE_NAME", "  "),
        ("QUEUE_URL", ""),
        ("SIGNALWIRE_SPACE", ""),
        ("SIGNALWIRE_SPACE", "https://wrong.signalwire.com"),
        ("SIGNALWIRE_SPACE", "wrong.signalwire.com/api"),
        ("SIGNALWIRE_SPACE", "user:wrong@signalwire.com"),
        ("SIGNALWIRE_SPACE", "wrong.signalwire.com:"),
        ("SIGNALWIRE_SPACE", "wrong.signalwire.com\n"),
        ("FETCH_CONCURRENCY", "0"),
        ("FETCH_CONCURRENCY", "101"),
        ("FETCH_CONCURRENCY", "2.5"),
        ("FETCH_CONCURRENCY", ""),
        ("FETCH_CONNECT_TIMEOUT", "0"),
        ("FETCH_CONNECT_TIMEOUT", "60.1"),
        ("FETCH_CONNECT_TIMEOUT", "wrong"),
        ("FETCH_READ_TIMEOUT", "-1"),
        ("FETCH_READ_TIMEOUT", "nan"),
        ("FETCH_READ_TIMEOUT", "inf"),
        ("RETRY_FIRST_DELAY", "0"),
        ("RETRY_FIRST_DELAY", "901"),
        ("RECORD_TTL_DAYS", "-1"),
        ("RECORD_TTL_DAYS", "3651"),
        ("RECORD_TTL_DAYS", "wrong"),
        ("LOG_LEVEL", "wrong"),
        ("LOG_LEVEL", "info"),
    ],
)
def test_malformed_variables_are_named(name: str, value: str) -> None:
    """The refusal names the variable, says what it must be, and does not repeat its value."""
    sentence = refusal(COMPLETE | {name: value})
    assert sentence.startswith(f"{name} is malformed (")
    assert sentence.endswith(".")
    assert "wrong" not in sentence


@pytest.mark.parametrize(
    "credentials",
    [
        {},
        {"SIGNALWIRE_SECRET_ARN": ""},
        {"SIGNALWIRE_API_TOKEN": TOKEN},
        {"SIGNALWIRE_API_TOKEN": TOKEN, "SIGNALWIRE_PROJECT_ID": ""},
        {"SIGNALWIRE_API_TOKEN": "", "SIGNALWIRE_PROJECT_ID": "project"},
    ],
)
def test_credentials_are_needed(credentials: dict[str, str]) -> None:
    """Without credentials the refusal names all three variables."""
    sentence = refusal(REQUIRED | credentials)
    for name in ("SIGNALWIRE_SECRET_ARN", "SIGNALWIRE_PROJECT_ID", "SIGNALWIRE_API_TOKEN"):
        assert name in sentence


@pytest.mark.parametrize("credentials", [LOCAL, SECRET, LOCAL | SECRET])
def test_credentials_come_from_either_place(credentials: dict[str, str]) -> None:
    """A secret's ARN is enough, and so are a project ID and a token."""
    assert EnrichSettings.load(REQUIRED | credentials).table_name == "hooklog"


def test_token_is_not_shown() -> None:
    """Settings can be printed without showing the API token."""
    settings = EnrichSettings.load(COMPLETE)
    for shown in (repr(settings), str(settings), repr(settings.model_dump())):
        assert TOKEN not in shown


def test_settings_do_not_change() -> None:
    """Settings are immutable."""
    with pytest.raises(ValidationError):
        EnrichSettings.load(COMPLETE).log_level = "DEBUG"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("space", "url"),
    [
        ("example.signalwire.com", "https://example.signalwire.com"),
        ("example.signalwire.com:8443", "https://example.signalwire.com:8443"),
        ("localhost.example.com", "https://localhost.example.com"),
        ("127.0.0.1.example.com", "https://127.0.0.1.example.com"),
        ("1270.0.0.1", "https://1270.0.0.1"),
        ("localhost", "http://localhost"),
        ("LOCALHOST:8080", "http://LOCALHOST:8080"),
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.1.2.3", "http://127.1.2.3"),
    ],
)
def test_only_loopback_is_spoken_to_in_clear(space: str, url: str) -> None:
    """Credentials travel encrypted, except to a space on the loopback interface."""
    assert EnrichSettings.load(COMPLETE | {"SIGNALWIRE_SPACE": space}).signalwire_url == url


def test_template_sets_every_variable() -> None:
    """The template sets exactly these settings in the function's environment."""
    variables = template.properties("EnrichFunction")["Environment"]["Variables"]
    assert set(variables) - FOR_BOTO3 == {name.upper() for name in EnrichSettings.model_fields}


def test_every_setting_is_described() -> None:
    """Each setting has a description, which its refusal uses."""
    for name, info in EnrichSettings.model_fields.items():
        assert info.description, name


# --- the sweep function's -----------------------------------------------------------------------


def test_the_sweep_s_defaults() -> None:
    """The sweep needs the shared variables alone: 72 hours of overlap, ten minutes of settling."""
    settings = SweepSettings.load(COMPLETE)
    assert settings.table_name == "hooklog"
    assert (settings.sweep_overlap_hours, settings.sweep_settling_minutes) == (72, 10)


def test_each_function_reads_its_own_variables() -> None:
    """Both share the settings of the base, and neither reads the other's own."""
    shared = Settings.model_fields.keys()
    assert shared == EnrichSettings.model_fields.keys() & SweepSettings.model_fields.keys()
    given = COMPLETE | {"SWEEP_OVERLAP_HOURS": "none of its business"}
    assert EnrichSettings.load(given) == EnrichSettings.load(COMPLETE)


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("SWEEP_OVERLAP_HOURS", 1, 720), ("SWEEP_SETTLING_MINUTES", 0, 1440)],
)
def test_the_sweep_s_period_has_bounds(name: str, least: float, most: float) -> None:
    """Values at the bounds are read, and the sentence that refuses others names the variable."""
    for value in (least, most):
        settings = SweepSettings.load(COMPLETE | {name: str(value)})
        assert getattr(settings, name.lower()) == value
    for value in (least - 0.1, most + 0.1):
        with pytest.raises(SettingsError, match=f"{name} is malformed"):
            SweepSettings.load(COMPLETE | {name: str(value)})


def test_every_setting_of_the_sweep_is_described() -> None:
    """A description completes the sentence that refuses a value."""
    for name, info in SweepSettings.model_fields.items():
        assert info.description, name


# --- the webhook function's ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [("CALLBACK_STATUSES", "Some"), ("WEBHOOK_URL", "somewhere"), ("LOG_LEVEL", "LOUD")],
)
def test_a_malformed_setting_of_the_webhook_is_named(name: str, value: str) -> None:
    """The sentence names the variable and says what it must be, but shows no value."""
    with pytest.raises(SettingsError) as caught:
        WebhookSettings.load(REQUIRED | SECRET | {name: value})
    assert caught.value.detail.startswith(f"{name} is malformed; it must be the ")
    assert value not in caught.value.detail
