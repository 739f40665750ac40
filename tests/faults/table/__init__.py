"""The table of faults: where each occurs and how its message ends."""

from tests.faults.table.aws import AFTERWARDS, READING, STORING
from tests.faults.table.logs import LOGS
from tests.faults.table.pace import PACE
from tests.faults.table.queue import MESSAGES
from tests.faults.table.row import Row, Step
from tests.faults.table.settling import SETTLING
from tests.faults.table.signalwire import FETCHING

ROWS = (*MESSAGES, *READING, *PACE, *FETCHING, *LOGS, *SETTLING, *STORING, *AFTERWARDS)

__all__ = ["ROWS", "Row", "Step"]
