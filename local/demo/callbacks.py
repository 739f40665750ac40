"""The demo's sends: SignalWire calls the front door back, with faults in the delivery."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import urlsplit

from local import stack
from local.cloud import LocalCloud
from local.space import (
    DeliveryFaults,
    Policy,
    RunningSpace,
    SendReport,
    Target,
    run_sends,
    simulate_sends,
)

#: The public URL that SignalWire would call and sign.
WEBHOOK_URL = "https://hooks.example.com"
SIGNING_KEY = "PSK_only_for_the_simulated_space"
SENDS = 30
_SEED = 7
_FAILING = 0.4
#: Their logs say that all is well; a callback, and of faxes the resource, says that they failed.
_CONTRADICTING = 0.1
#: With this seed some sends lose all their callbacks, and some only the last one.
_FAULTS = DeliveryFaults(drop=0.2, repeat=0.15, reorder=True, seed=941)
#: Seconds between the statuses of a send, enough to store a row before its log changes.
_STEP_S = 3.0
# The local cloud starts a process per concurrent call, and the first call of each may take longer
# than SignalWire would wait.
_POLICY = Policy(at_once=2, answer_s=30.0)
_WITHIN_S = 120.0


def send(cloud: LocalCloud, deployed: stack.Stack, space: RunningSpace) -> SendReport:
    """Send faxes and messages in the space, and deliver their callbacks to the front door.

    Raises:
        TimeoutError: the callbacks were not over in time.

    """
    # The local cloud tells Function URLs apart by the host.
    host = urlsplit(deployed.webhook_endpoint).netloc
    target = Target(cloud.url, signed_base=WEBHOOK_URL, headers={"Host": host})
    sends = simulate_sends(
        _SEED, SENDS, datetime.now(UTC), failing=_FAILING, contradict=_CONTRADICTING
    )
    return run_sends(
        space,
        sends,
        target,
        SIGNING_KEY,
        _FAULTS,
        step_s=_STEP_S,
        policy=_POLICY,
        within_s=_WITHIN_S,
    )
