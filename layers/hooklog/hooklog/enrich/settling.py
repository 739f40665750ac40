"""How a fax itself ended, as its resource tells it."""

from __future__ import annotations

from hooklog.enrich.ports import Fetched
from hooklog.errors import HistoryLimitError, HooklogError, NotFoundError, RejectedError
from hooklog.logs.model import FaxResource
from hooklog.parsing import read_answer
from hooklog.records.enrichment import Record
from hooklog.records.signals import Signal, resource_signal


def fax_signal(record: Record, answer: Fetched | HooklogError) -> Signal | None:
    """Read the answer to a request for a fax resource; None if it cannot tell.

    Raises:
        HooklogError: another try may bring a better answer, or a person has to look.

    """
    if isinstance(answer, NotFoundError | RejectedError | HistoryLimitError):
        # The resource was deleted, and the log remains.
        return None
    if not isinstance(answer, Fetched):
        raise answer
    return resource_signal(record.kind, read_answer(answer.body, FaxResource.read))
