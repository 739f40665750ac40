"""The purposes for which hooklog writes a row, told by the values of the write."""

from __future__ import annotations

from enum import StrEnum

from hooklog.records.rows import PACE_KEY, Write


class Purpose(StrEnum):
    """The purpose of a write."""

    ALIAS = "alias"
    LOG = "log"
    PARKING = "parking"
    #: Any other change: a parked row leaves the list, or a row takes in what a callback told.
    LIFT = "lift"
    TRY = "try"
    PACE = "pace"

    @classmethod
    def of(cls, write: Write) -> Purpose:
        """Return the purpose of a write."""
        if write.key == PACE_KEY:
            return cls.PACE
        if "tries" in write.values:
            return cls.TRY
        if "alias_of" in write.values:
            return cls.ALIAS
        if "fetched_at" in write.values:
            return cls.LOG
        return cls.PARKING if "parked_code" in write.values else cls.LIFT
