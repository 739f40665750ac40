"""The values that logs are made of: ids, numbers, times, addresses and money.

Numbers come only from the ranges that regulators keep for fiction, so none can reach anybody.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from random import Random

    from local.space.model import Json

type Item = tuple[str, int]
"""One line of a bill: what for, and how much in units of 0.00001 dollars."""

_FICTIONAL_PREFIXES = ("+120255501", "+121255501", "+141555501", "+4420794609")
_UNITS_PER_DOLLAR = 100_000


def random_id(rng: Random) -> str:
    """Draw a version 4 UUID from the generator, so that a seed gives the same ids again."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def phone_number(rng: Random) -> str:
    """Draw a fictional number in E.164, American or British."""
    return f"{rng.choice(_FICTIONAL_PREFIXES)}{rng.randrange(100):02d}"


def timestamp(moment: datetime, *, milliseconds: bool = False) -> str:
    """Write a UTC time the way the API does, cut to seconds or to milliseconds."""
    text = moment.isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.removesuffix("+00:00") + "Z"


def laml_url(project_id: str, resource: str, sid: str) -> str:
    """Give the address of a compatibility resource; `resource` is `Faxes` or `Messages`."""
    account = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{project_id}"
    return f"{account}/{resource}/{sid}"


def dollars(units: int) -> float:
    """Turn units of 0.00001 dollars into dollars.

    Adding up whole units keeps a charge exactly equal to the sum of its details.
    """
    return units / _UNITS_PER_DOLLAR


def charge_details(items: Sequence[Item]) -> list[Json]:
    """Give the `charge_details` of a log for the lines of its bill."""
    return [{"description": name, "charge": dollars(units)} for name, units in items]
