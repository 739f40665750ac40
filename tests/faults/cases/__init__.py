"""Every fault, in the order of the steps where they occur."""

from tests.faults.cases.aws import AFTERWARDS, READING, STORING
from tests.faults.cases.case import FaultCase, Step
from tests.faults.cases.logs import LOGS
from tests.faults.cases.pace import PACE
from tests.faults.cases.queue import MESSAGES
from tests.faults.cases.settling import SETTLING
from tests.faults.cases.signalwire import FETCHING

CASES = (*MESSAGES, *READING, *PACE, *FETCHING, *LOGS, *SETTLING, *STORING, *AFTERWARDS)

__all__ = ["CASES", "FaultCase", "Step"]
