"""A simulated SignalWire space: a local stand-in for the REST log API, with faults on demand.

    with serve(generate(seed=7, fax=20, message=30, now=datetime.now(UTC))) as space:
        space.add_fault(Fault(FaultKind.RATE_LIMITED, times=2, retry_after=1))
        ...  # GET http://{space.host}/api/fax/logs

It behaves as the public documentation says, and was never compared with a live account.
"""

from local.space.faults import Fault, FaultKind
from local.space.fax_logs import OFFICIAL_FAX_ID
from local.space.logs import EVERY_FAX_CASE, EVERY_MESSAGE_CASE, PROJECT_ID, generate
from local.space.message_logs import OFFICIAL_MESSAGE_ID
from local.space.model import LOG_TYPES, Json, Log, LogType, Space
from local.space.running import API_TOKEN, RunningSpace, serve
from local.space.state import Requests

__all__ = [
    "API_TOKEN",
    "EVERY_FAX_CASE",
    "EVERY_MESSAGE_CASE",
    "LOG_TYPES",
    "OFFICIAL_FAX_ID",
    "OFFICIAL_MESSAGE_ID",
    "PROJECT_ID",
    "Fault",
    "FaultKind",
    "Json",
    "Log",
    "LogType",
    "Requests",
    "RunningSpace",
    "Space",
    "generate",
    "serve",
]
