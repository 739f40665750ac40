"""The values in generated logs: IDs, numbers, times, URLs and money.

Numbers come only from the ranges that regulators reserve for fiction, so none reaches a person.
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
"""One charge detail: its description, and its charge in units of 0.00001 dollars."""

_FICTIONAL_PREFIXES = ("+120255501", "+121255501", "+141555501", "+4420794609")
_UNITS_PER_DOLLAR = 100_000


def random_id(rng: Random) -> str:
    """Draw a version 4 UUID from the generator, so that a seed reproduces the same IDs."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def phone_number(rng: Random) -> str:
    """Draw a fictional number in E.164, American or British."""
    return f"{rng.choice(_FICTIONAL_PREFIXES)}{rng.randrange(100):02d}"


def timestamp(moment: datetime, *, milliseconds: bool = False) -> str:
    """Write a UTC time as the API does, truncated to seconds or milliseconds."""
    text = moment.isoformat(timespec="milliseconds" if milliseconds else "seconds")
    return text.removesuffix("+00:00") + "Z"


def laml_url(project_id: str, resource: str, sid: str) -> str:
    """Return the URL of a compatibility resource; `resource` is `Faxes` or `Messages`."""
    account = f"https://example.signalwire.com/api/laml/2010-04-01/Accounts/{project_id}"
    return f"{account}/{resource}/{sid}"


def medium_sid(fax_sid: str) -> str:
    """Return the SID of a fax's document, which depends on the fax only."""
    return str(uuid.uuid5(uuid.UUID(fax_sid), "medium"))


def dollars(units: int) -> float:
    """Convert units of 0.00001 dollars into dollars.

    Sums of whole units keep a charge exactly equal to the sum of its details.
    """
    return units / _UNITS_PER_DOLLAR


def charge_details(items: Sequence[Item]) -> list[Json]:
    """Return the `charge_details` of a log."""
    return [{"description": name, "charge": dollars(units)} for name, units in items]
