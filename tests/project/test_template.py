"""The template loses no message to a timeout and grants no more than the functions need."""

from __future__ import annotations

import json
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from hooklog.adapters.aws.dynamodb import MAX_KEYS
from hooklog.adapters.signalwire.api import MAX_BODY
from hooklog.enrich.endings import LONGEST_WAIT
from hooklog.logs import KINDS
from hooklog.publish.changes import Wanted
from hooklog.publish.settings import PublishSettings
from hooklog.sweep.settings import SweepSettings
from tests.builders import every_attribute
from tests.template import properties, template

ROOT = Path(__file__).parents[2]

RESOURCES: dict[str, Any] = template()["Resources"]
PARAMETERS: dict[str, Any] = template()["Parameters"]


def test_a_message_stays_hidden_until_its_batch_has_surely_ended() -> None:
    """AWS asks for six times the function's timeout plus the longest batching window."""
    timeout = properties("EnrichFunction")["Timeout"]
    window = PARAMETERS["BatchingWindowSeconds"]["MaxValue"]
    assert properties("Queue")["VisibilityTimeout"] >= 6 * timeout + window


def test_a_crash_reaches_the_dead_letter_queue_within_a_day() -> None:
    """Whatever else a message met before, it is received so often at most."""
    queue = properties("Queue")
    crashes = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert timedelta(seconds=crashes) <= timedelta(days=1)


def test_a_waiting_message_is_parked_before_the_queue_drops_it() -> None:
    """The longest wait ends a day before the queue's retention does."""
    retention = timedelta(seconds=properties("Queue")["MessageRetentionPeriod"])
    assert retention - LONGEST_WAIT >= timedelta(days=1)


def test_the_dead_letter_queue_keeps_messages_as_long_as_sqs_can() -> None:
    """A message's age counts from when it was first sent, so this queue must keep it longest."""
    longest = 14 * 24 * 3600
    assert properties("DeadLetterQueue")["MessageRetentionPeriod"] == longest
    assert properties("Queue")["MessageRetentionPeriod"] < longest


def test_the_largest_message_fits_into_a_parked_item() -> None:
    """A DynamoDB item holds 400 KB, which must fit a message and its log's payload."""
    assert properties("Queue")["MaximumMessageSize"] + MAX_BODY < 390 * 1024


def test_the_batch_reports_each_message() -> None:
    """Without this response type, one failure would return the whole batch."""
    event = properties("EnrichFunction")["Events"]["Queue"]["Properties"]
    assert event["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    # SQS delivers more than ten messages per batch only with a batching window.
    assert event["BatchSize"] == MAX_KEYS - 1
    assert PARAMETERS["BatchingWindowSeconds"]["MinValue"] >= 1


def test_the_table_is_protected() -> None:
    """It is on demand, recoverable and encrypted, and no deployment deletes or replaces it."""
    table = properties("Table")
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"] == {"SSEEnabled": True}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "expires_at", "Enabled": True}
    assert table["DeletionProtectionEnabled"] == "TableDeletionProtection"
    assert RESOURCES["Table"]["DeletionPolicy"] == "Retain"
    assert RESOURCES["Table"]["UpdateReplacePolicy"] == "Retain"


def test_the_credentials_outlive_the_stack() -> None:
    """Neither a deleted stack nor a change that replaces the secret takes them along."""
    assert RESOURCES["CredentialsSecret"]["DeletionPolicy"] == "Retain"
    assert RESOURCES["CredentialsSecret"]["UpdateReplacePolicy"] == "Retain"


def test_every_function_and_layer_is_built_and_traced_alike() -> None:
    """The layers are built for the functions' processor, and tracing is one choice for all."""
    layers = [one for one in RESOURCES.values() if one["Type"] == "AWS::Serverless::LayerVersion"]
    assert len(layers) == 2
    assert all(one["Metadata"]["BuildArchitecture"] == "Architecture" for one in layers)
    functions = [n for n, one in RESOURCES.items() if one["Type"] == "AWS::Serverless::Function"]
    assert {properties(name)["Tracing"] for name in functions} == {"Tracing"}
    traced = json.dumps(properties("TracingPolicy")["Roles"])
    assert all(name.replace("Function", "Role") in traced for name in functions)


def test_every_key_of_an_index_is_an_attribute_of_a_row() -> None:
    """DynamoDB silently leaves a row out of an index whose keys the row lacks."""
    written = every_attribute()
    indexes = _indexes()
    assert set(indexes) == {"parked", "failures", "numbers", "days"}
    for index in indexes.values():
        assert {key["AttributeName"] for key in index["KeySchema"]} <= written
        assert set(index["Projection"].get("NonKeyAttributes", ())) <= {*written, "log_type"}


def test_indexes_of_all_logs_are_off_by_default() -> None:
    """Each costs one more write per log."""
    for name, condition in (("numbers", "HasNumbers"), ("days", "HasDays")):
        (given,) = [
            one for one in properties("Table")["GlobalSecondaryIndexes"] if condition in one
        ]
        assert given[1]["IndexName"] == name
        # Keys never change, so the index does not change after the first write.
        assert given[1]["Projection"] == {"ProjectionType": "KEYS_ONLY"}
        assert PARAMETERS[f"Index{name.capitalize()}"]["Default"] == "false"


def _indexes() -> dict[str, dict[str, Any]]:
    """Return the indexes by name, including conditional ones."""
    flat = [
        one[1] if isinstance(one, list) else one
        for one in properties("Table")["GlobalSecondaryIndexes"]
    ]
    return {one["IndexName"]: one for one in flat}


def test_queues_are_encrypted() -> None:
    """Messages identify logs and hold what producers wrote."""
    for name in ("Queue", "DeadLetterQueue", "UnpublishedQueue"):
        assert properties(name)["SqsManagedSseEnabled"] is True


def statements() -> dict[str, Any]:
    """Return the statements of the enrich function's role by Sid."""
    (policy,) = properties("EnrichRole")["Policies"]
    return {statement["Sid"]: statement for statement in policy["PolicyDocument"]["Statement"]}


def test_the_enrich_function_may_do_only_what_it_does() -> None:
    """Its role allows its own calls, those of the event source, and log lines."""
    assert {sid: set(_list(s["Action"])) for sid, s in statements().items()} == {
        "ReceiveMessages": {
            "sqs:ReceiveMessage",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ChangeMessageVisibility",
        },
        "ReadAndWriteRows": {
            "dynamodb:BatchGetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PartiQLUpdate",
        },
        "ReadCredentials": {"secretsmanager:GetSecretValue"},
        "WriteLogLines": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }


@pytest.mark.parametrize("sid", list(statements()))
def test_no_statement_has_a_wildcard_resource(sid: str) -> None:
    """Each statement names one resource of this stack."""
    for resource in _list(statements()[sid]["Resource"]):
        assert "*" not in str(resource)


def test_the_calls_of_the_adapters_are_the_allowed_ones() -> None:
    """The role allows exactly what the adapters call on AWS clients."""
    calls = {
        "batch_get_item": {"dynamodb:BatchGetItem"},
        "batch_execute_statement": {"dynamodb:PartiQLInsert", "dynamodb:PartiQLUpdate"},
        "change_message_visibility_batch": {"sqs:ChangeMessageVisibility"},
        "get_secret_value": {"secretsmanager:GetSecretValue"},
    }
    source = adapters()
    used = {
        action for call, actions in calls.items() if f".{call}(" in source for action in actions
    }
    event_source = {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}
    allowed = {action for s in statements().values() for action in _list(s["Action"])}
    assert {a for a in allowed if not a.startswith("logs:")} == used | event_source


def test_the_sweep_function_may_do_only_what_it_does() -> None:
    """It reads and writes rows and its checkpoints, and enqueues."""
    (policy,) = properties("SweepRole")["Policies"]
    allowed = {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}
    assert {sid: set(_list(one["Action"])) for sid, one in allowed.items()} == {
        "SendMessages": {"sqs:SendMessage"},
        "ReadAndWriteRows": {
            "dynamodb:BatchGetItem",
            "dynamodb:PartiQLInsert",
            "dynamodb:PartiQLUpdate",
        },
        "ReadAndWriteCheckpoints": {"dynamodb:GetItem", "dynamodb:PutItem"},
        "ReadCredentials": {"secretsmanager:GetSecretValue"},
        "WriteLogLines": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }
    condition = allowed["ReadAndWriteCheckpoints"]["Condition"]["ForAllValues:StringLike"]
    assert condition == {"dynamodb:LeadingKeys": ["sweep#*"]}
    assert not any("*" in str(one["Resource"]) for one in allowed.values())


def test_the_sweep_can_be_left_out() -> None:
    """Without a schedule, none of its resources is deployed."""
    assert PARAMETERS["SweepSchedule"]["Default"]
    for name in ("SweepFunction", "SweepRole", "SweepLogGroup", "MissingFaxLogsAlarm"):
        assert RESOURCES[name]["Condition"] == "HasSweep"


def test_an_alarm_watches_the_missing_logs_of_every_kind() -> None:
    """Otherwise logs of a new kind could go missing unnoticed."""
    watched = {
        alarm["Properties"]["Dimensions"][0]["Value"]
        for alarm in RESOURCES.values()
        if alarm["Type"] == "AWS::CloudWatch::Alarm"
        and alarm["Properties"].get("MetricName") == "MissingLogs"
    }
    assert watched == set(KINDS)


def test_the_sweeps_settings_reach_it() -> None:
    """The sweep function reads every variable that the template sets."""
    variables = set(properties("SweepFunction")["Environment"]["Variables"])
    assert variables <= {name.upper() for name in SweepSettings.model_fields}
    assert {"SWEEP_OVERLAP_HOURS", "SWEEP_SETTLING_MINUTES"} <= variables


# --- the publish function -----------------------------------------------------------------------


def test_the_publish_function_may_do_only_what_it_does() -> None:
    """It reads the table's stream and no row, sends events, and sets changes aside."""
    (policy,) = properties("PublishRole")["Policies"]
    allowed = {one["Sid"]: one for one in policy["PolicyDocument"]["Statement"]}
    assert {
        sid: (set(_list(one["Action"])), str(one["Resource"])) for sid, one in allowed.items()
    } == {
        "ReadChanges": (
            {"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"},
            "Table.StreamArn",
        ),
        "FindStreams": ({"dynamodb:ListStreams"}, "*"),
        "PutEvents": ({"events:PutEvents"}, str(event_bus("EventBusArn"))),
        "SetAside": ({"sqs:SendMessage"}, "UnpublishedQueue.Arn"),
        "WriteLogLines": ({"logs:CreateLogStream", "logs:PutLogEvents"}, "PublishLogGroup.Arn"),
    }
    for call in (".put_events(", ".send_message("):
        assert call in adapters()


def test_the_events_go_to_the_bus_that_the_role_and_the_output_name() -> None:
    """Without a parameter all three mean the account's default bus."""
    assert PARAMETERS["EventBusArn"]["Default"] == ""
    assert template()["Outputs"]["EventBusArn"]["Value"] == event_bus("EventBusArn")
    variables = properties("PublishFunction")["Environment"]["Variables"]
    assert variables["EVENT_BUS"] == ["HasEventBus", "EventBusArn", "default"]
    assert PublishSettings.model_fields["event_bus"].default == "default"


def test_events_can_be_left_out() -> None:
    """By default, neither the function nor a stream, queue, alarm or output is deployed."""
    assert PARAMETERS["Events"]["Default"] == "None"
    names = {name for name, one in RESOURCES.items() if one.get("Condition") == "HasEvents"}
    assert names == {
        *("PublishFunction", "PublishRole", "PublishLogGroup", "UnpublishedQueue"),
        *("UnpublishedAlarm", "EventsLateAlarm"),
    }
    assert properties("Table")["StreamSpecification"] == [
        "HasEvents",
        {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "AWS::NoValue",
    ]
    outputs = template()["Outputs"]
    assert {name for name, one in outputs.items() if one.get("Condition") == "HasEvents"} == {
        *("EventBusArn", "PublishFunctionName", "PublishLogGroupName", "UnpublishedQueueUrl"),
    }


def test_the_publish_functions_settings_reach_it() -> None:
    """The template sets exactly the variables that the function reads, in the words it knows."""
    variables = set(properties("PublishFunction")["Environment"]["Variables"])
    # botocore's own, for `sam local invoke`.
    variables.remove("AWS_ENDPOINT_URL")
    assert variables == {name.upper() for name in PublishSettings.model_fields}
    assert PARAMETERS["Events"]["AllowedValues"] == ["None", *Wanted]
    numbers = PublishSettings.model_fields["event_numbers"]
    assert PARAMETERS["EventNumbers"]["Default"] == numbers.default
    assert PARAMETERS["EventNumbers"]["AllowedValues"] == list(get_args(numbers.annotation))


def test_no_change_is_dropped_silently() -> None:
    """What fails is delivered again alone, and set aside while the stream still has it."""
    mapping = properties("PublishFunction")["Events"]["Changes"]["Properties"]
    assert mapping["StartingPosition"] == "TRIM_HORIZON"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["BisectBatchOnFunctionError"] is True
    assert "MaximumRetryAttempts" not in mapping
    in_the_stream = timedelta(hours=24)
    given_up = timedelta(seconds=mapping["MaximumRecordAgeInSeconds"])
    assert in_the_stream - given_up >= timedelta(hours=12)
    assert mapping["DestinationConfig"]["OnFailure"] == {
        "Type": "SQS",
        "Destination": "UnpublishedQueue.Arn",
    }


def event_bus(arn: str) -> list[str]:
    """Return the given bus, or the account's own, as the template says it."""
    prefix = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}"
    return ["HasEventBus", arn, f"{prefix}:event-bus/default"]


def adapters() -> str:
    """Return the source of all adapters of AWS."""
    folder = ROOT / "layers/hooklog/hooklog/adapters/aws"
    return "\n".join(path.read_text() for path in sorted(folder.glob("*.py")))


# --- all functions and parameters ---------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["EnrichFunction", "SweepFunction", "WebhookFunction", "PublishFunction"]
)
def test_runtime_and_architecture(name: str) -> None:
    """All functions have one runtime, and a parameter sets the processor."""
    function = properties(name)
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["Architecture"]
    for layer in ("DependenciesLayer", "HooklogLayer"):
        assert properties(layer)["CompatibleRuntimes"] == ["python3.13"]


def test_makefiles_build_everything() -> None:
    """The makefiles compile for the processor that the parameter names."""
    built = {
        name: resource["Metadata"]
        for name, resource in RESOURCES.items()
        if resource["Type"] in {"AWS::Serverless::Function", "AWS::Serverless::LayerVersion"}
    }
    assert {metadata["BuildMethod"] for metadata in built.values()} == {"makefile"}
    dependencies = built["DependenciesLayer"]
    assert dependencies["BuildArchitecture"] == "Architecture"
    assert dependencies["ContextPath"] == "layers/dependencies/${Architecture}"


def test_every_parameter_explains_itself() -> None:
    """The console and `sam deploy --guided` show a description of each."""
    assert all(parameter.get("Description") for parameter in PARAMETERS.values())


def test_parameters_stand_in_the_order_of_their_groups() -> None:
    """Each is in one group, and the console and the template list them in the same order."""
    groups = template()["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert [name for group in groups for name in group["Parameters"]] == list(PARAMETERS)


def test_samconfig_has_its_environments() -> None:
    """They are `default` for a first stack, `local` for `make run`, and `prod`."""
    config = tomllib.loads((ROOT / "samconfig.toml").read_text())
    assert {"default", "local", "prod"} <= set(config)
    for environment in ("default", "local", "prod"):
        assert config[environment]["deploy"]["parameters"]["capabilities"] == "CAPABILITY_IAM"
    assert config["prod"]["deploy"]["parameters"]["confirm_changeset"] is True


def _list(value: str | list[Any]) -> list[Any]:
    return value if isinstance(value, list) else [value]
