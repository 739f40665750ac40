"""The webhook function's environment, read once and checked.

Unlike :mod:`hooklog.settings` it needs no pydantic: SignalWire waits while this function starts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hooklog.errors import SettingsError

#: What each variable must be, as a phrase and as a pattern.
_FORMS = {
    "queue_url": ("URL of the queue", r".*\S.*"),
    "signalwire_secret_arn": ("secret with signing_keys", r".*\S.*"),
    # As configured at SignalWire: no user, no query, and no character that needs encoding.
    "webhook_url": (
        "https URL that SignalWire calls, up to the path",
        r"(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?)?",
    ),
    "callback_statuses": ("callbacks that go on the queue: All or Final", r"All|Final"),
    "metrics_namespace": ("CloudWatch namespace of the metrics", r"[A-Za-z0-9._/#-]{1,255}"),
    "log_level": ("level: DEBUG, INFO, WARNING or ERROR", r"DEBUG|INFO|WARNING|ERROR"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """The webhook function's settings. Field names are the environment's, in lower case."""

    queue_url: str
    signalwire_secret_arn: str
    webhook_url: str = ""
    callback_statuses: str = "All"
    metrics_namespace: str = "Hooklog"
    log_level: str = "INFO"

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> WebhookSettings:
        """Read the environment.

        Raises:
            SettingsError: a variable is missing or malformed; the sentence names it and
                never shows a value.

        """
        given = {name: environ[name.upper()] for name in _FORMS if name.upper() in environ}
        for name in ("queue_url", "signalwire_secret_arn"):
            if name not in given:
                purpose, _ = _FORMS[name]
                raise SettingsError(f"{name.upper()} is not set; it must be the {purpose}.")
        settings = cls(**given)
        for name, value in asdict(settings).items():
            purpose, form = _FORMS[name]
            if not re.fullmatch(form, value):
                raise SettingsError(f"{name.upper()} is malformed; it must be the {purpose}.")
        return settings
