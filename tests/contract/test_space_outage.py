"""An outage of the simulated space."""

from __future__ import annotations

from urllib3.exceptions import ProtocolError

from local.space import OFFICIAL_FAX_ID, Fault, FaultKind, RunningSpace
from tests.contract.conftest import PATHS, Api, faxes_path

ONE = f"{PATHS['fax']}/{OFFICIAL_FAX_ID}"


def status(api: Api, path: str = ONE) -> int | None:
    """Return the status of an answer; None if the connection is reset instead."""
    try:
        return api.get(path).status
    except ProtocolError:
        return None


def test_an_outage_lasts_until_its_end(running: RunningSpace, api: Api) -> None:
    """Each API request gets 503 or a reset in turn, whatever it asks for; then all is as before."""
    assert status(api) == 200
    paths = (ONE, PATHS["message"], faxes_path(), ONE)
    with running.outage():
        assert [status(api, path) for path in paths] == [503, None] * 2
        assert api.send("GET", "/_space/ids").status == 200
    assert status(api) == 200


def test_requests_during_an_outage_are_counted(running: RunningSpace, api: Api) -> None:
    """They count for their endpoint too, use up no fault, and no limit refuses them."""
    running.add_fault(Fault(FaultKind.FORBIDDEN))
    running.limit_rate(1)
    with running.outage():
        assert [status(api) for _ in range(5)] == [503, None, 503, None, 503]
    seen = running.requests()
    assert (seen.while_down, seen.limited, seen.counts) == (5, 0, {"fax_one": 5})
    assert status(api) == 403
    assert running.requests().while_down == 5
