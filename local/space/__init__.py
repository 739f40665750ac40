"""A simulated SignalWire space: a local stand-in for its log API, with faults on demand.

    with serve(generate(seed=7, fax=20, message=30, now=datetime.now(UTC))) as space:
        space.add_fault(Fault(FaultKind.RATE_LIMITED, times=2, retry_after=1))
        ...  # GET http://{space.host}/api/fax/logs

It serves every kind of log in `hooklog.logs.KINDS`. Faxes and messages can be generated; a log of
any kind can be put. Each fax log has its fax resource, whose end agrees with the log until a test
changes or deletes the resource:

        space.put_fax_resource(sid, {"status": "failed", "error_code": "34004"})
        ...  # GET http://{space.host}/api/laml/2010-04-01/Accounts/{space.project_id}/Faxes/{sid}

The same path without a SID lists them, by page, period and number.

The space also sends faxes and messages, and calls back about them:

        sends = simulate_sends(seed=7, count=100, now=datetime.now(UTC))
        target = Target("http://127.0.0.1:8080")
        report = run_sends(space, sends, target, "PSK…", DeliveryFaults(drop=0.2, repeat=0.3))

It follows SignalWire's public documentation and was never compared with a live account.
"""

from local.space.callbacks import Policy, SendReport, Target, run_sends
from local.space.delivery_faults import DeliveryFaults
from local.space.faults import Fault, FaultKind
from local.space.fax_logs import OFFICIAL_FAX_ID
from local.space.generation import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, PROJECT_ID, generate
from local.space.message_logs import OFFICIAL_MESSAGE_ID
from local.space.model import LOG_TYPES, Json, Log, LogType, Space
from local.space.payloads import SEND_KINDS, Callback, SendKind
from local.space.running import API_TOKEN, RunningSpace, serve
from local.space.sends import Send, simulate_sends
from local.space.state import Requests

__all__ = [
    "API_TOKEN",
    "EVERY_FAX_CASE",
    "EVERY_MESSAGE_CASE",
    "LOG_TYPES",
    "OFFICIAL_FAX_ID",
    "OFFICIAL_MESSAGE_ID",
    "PROJECT_ID",
    "SEND_KINDS",
    "Callback",
    "DeliveryFaults",
    "Fault",
    "FaultKind",
    "Json",
    "Log",
    "LogType",
    "Policy",
    "Requests",
    "RunningSpace",
    "Send",
    "SendKind",
    "SendReport",
    "Space",
    "Target",
    "generate",
    "run_sends",
    "serve",
    "simulate_sends",
]
