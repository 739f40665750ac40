"""Faults of SignalWire's API and of the credentials for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from email.utils import format_datetime

from hooklog import errors
from local.space import Fault, FaultKind
from tests.fakes import NOW
from tests.faults.aws import HangUp, Refusal, Silence
from tests.faults.canary import NUMBER, TEXT, TOKEN
from tests.faults.cases.case import FaultCase, Step
from tests.faults.endings import Ending, Parked, Stored, Waits, limited, outage, retried
from tests.faults.injections import LogAnswer, SpaceDown
from tests.faults.texts import nested, text
from tests.faults.wire_injections import (
    ALWAYS,
    AwsCallFails,
    LogText,
    NoServer,
    NoTime,
    NoTls,
    SecretText,
    SpaceFault,
    TokenRotated,
    WireInjection,
)

_READ_SECRET = "GetSecretValue"
_OTHER_422 = f'{{"errors": [{{"code": "invalid", "message": "{NUMBER} {TEXT}"}}]}}'


def _space(
    kind: FaultKind,
    times: int = ALWAYS,
    *,
    retry_after: int | str | None = None,
    delay_s: float | None = None,
    status: int | None = None,
    text: str | None = None,
) -> SpaceFault:
    fault = Fault(kind, times, retry_after=retry_after, delay_s=delay_s, status=status, text=text)
    return SpaceFault(fault)


def _status(status: int, text: str = f'{{"error": "{NUMBER}"}}') -> SpaceFault:
    return _space(FaultKind.ANSWER, status=status, text=text)


def _limited(retry_after: int | str) -> dict[str, WireInjection]:
    return {
        "429": _space(FaultKind.RATE_LIMITED, retry_after=retry_after),
        "503": _space(FaultKind.SERVER_ERROR, status=503, retry_after=retry_after),
    }


def _case(
    name: str, error: errors.HooklogError | None, ends: Ending, **over_sockets: WireInjection
) -> FaultCase:
    injection = LogAnswer(error)
    return FaultCase(
        step=Step.FETCH,
        name=name,
        in_memory=injection,
        ends=ends,
        over_sockets=_named(over_sockets),
    )


def _outage(name: str, error: errors.OutageError, **over_sockets: WireInjection) -> FaultCase:
    """Return a fault that all requests meet."""
    return FaultCase(
        step=Step.FETCH,
        name=name,
        in_memory=SpaceDown(error),
        ends=outage(error.code),
        hits_all=True,
        over_sockets=_named(over_sockets),
    )


def _named(injections: Mapping[str, WireInjection]) -> dict[str, WireInjection]:
    return {name.replace("_", " "): one for name, one in injections.items()}


def _mends(name: str, injection: WireInjection) -> FaultCase:
    """Return a fault that the adapters handle on their own."""
    return FaultCase(
        step=Step.FETCH, name=name, in_memory=None, ends=Stored(), over_sockets={"": injection}
    )


def _unexpected() -> errors.UnexpectedError:
    error = errors.UnexpectedError()
    error.__cause__ = KeyError(TEXT)
    return error


UPSTREAM = _case(
    "a server error",
    errors.UpstreamError(),
    retried("fetch.upstream"),
    s500=_space(FaultKind.SERVER_ERROR, status=500),
    s502=_space(FaultKind.SERVER_ERROR, status=502),
    s503=_space(FaultKind.SERVER_ERROR, status=503),
    s504=_status(504, f"<html>{TEXT}"),
    s409=_status(409),
    s425=_status(425),
    redirect=_status(302),
    no_content=_status(204, ""),
)

LIMITED = _case(
    "429",
    errors.RateLimitedError(),
    limited(),
    without_a_wish=_space(FaultKind.RATE_LIMITED),
    negative=_space(FaultKind.RATE_LIMITED, retry_after=-5),
    nonsense=_space(FaultKind.RATE_LIMITED, retry_after="when you like"),
    a_date_without_end=_space(
        FaultKind.RATE_LIMITED, retry_after="Mon, 04 May 99999999999 12:00:00 GMT"
    ),
)

DOWN = _outage(
    "no connection for anybody",
    errors.FetchConnectionError(),
    refused=NoServer(),
    no_TLS=NoTls(),
)

FETCHING = (
    UPSTREAM,
    LIMITED,
    DOWN,
    _case("400", errors.RejectedError(), Parked("fetch.rejected"), s400=_status(400)),
    _case("another 4xx", errors.RejectedError(), Parked("fetch.rejected"), s418=_status(418)),
    _case("422", errors.RejectedError(), Parked("fetch.rejected"), s422=_status(422, _OTHER_422)),
    _case(
        "422 for its age",
        errors.HistoryLimitError(),
        Parked("fetch.history_limit"),
        s422=_space(FaultKind.HISTORY_LIMIT),
    ),
    _case(
        "401",
        errors.UnauthorizedError(),
        retried("fetch.unauthorized"),
        s401=_space(FaultKind.UNAUTHORIZED),
    ),
    _outage(
        "no credentials",
        errors.UnauthorizedError(),
        wrong_ones=SecretText(f'{{"project_id": "p", "api_token": "{TOKEN}-of-yesterday"}}'),
        empty=SecretText(""),
        no_JSON=SecretText(TOKEN),
        half_of_JSON=SecretText(f'{{"project_id": "p", "api_token": "{TOKEN}'),
        deep_nesting=SecretText(nested(100_000)),
        no_object=SecretText(f'["{TOKEN}"]'),
        no_token=SecretText('{"project_id": "p"}'),
        no_text=SecretText(f'{{"project_id": "p", "api_token": ["{TOKEN}"]}}'),
        missing=AwsCallFails(_READ_SECRET, Refusal("ResourceNotFoundException"), hits_all=True),
        denied=AwsCallFails(_READ_SECRET, Refusal("AccessDeniedException"), hits_all=True),
        throttled=AwsCallFails(_READ_SECRET, Refusal("ThrottlingException"), hits_all=True),
        broken=AwsCallFails(
            _READ_SECRET, Refusal("InternalServiceError", status=500), hits_all=True
        ),
        unanswered=AwsCallFails(_READ_SECRET, Silence(), hits_all=True),
        hung_up=AwsCallFails(_READ_SECRET, HangUp(), hits_all=True),
        rotated_within_a_minute=TokenRotated(59),
    ),
    _mends("credentials that were rotated a minute ago", TokenRotated(60)),
    _case(
        "403",
        errors.ForbiddenError(),
        retried("fetch.forbidden"),
        s403=_space(FaultKind.FORBIDDEN),
    ),
    _case(
        "404",
        errors.NotFoundError(),
        retried("fetch.not_found", 5),
        s404=_space(FaultKind.NOT_FOUND),
    ),
    _case(
        "a Retry-After of nothing",
        errors.RateLimitedError(retry_after=0),
        limited(after=(1, 30)),
        at_once=_space(FaultKind.RATE_LIMITED, retry_after=0),
        past=_space(FaultKind.RATE_LIMITED, retry_after="Mon, 04 May 2020 12:00:00 GMT"),
    ),
    _case(
        "Retry-After",
        errors.RateLimitedError(retry_after=120),
        limited(after=(120, 150)),
        seconds=_limited(120)["429"],
        date=_limited(format_datetime(NOW + timedelta(seconds=120), usegmt=True))["429"],
    ),
    _case(
        "an absurd Retry-After",
        errors.RateLimitedError(retry_after=10**9),
        limited(after=(900, 930)),
        seconds=_limited(10**9)["429"],
        many_digits=_limited("9" * 400)["429"],
        date=_limited("Fri, 31 Dec 9999 23:59:59 GMT")["429"],
    ),
    _case(
        "a server error with Retry-After",
        errors.UpstreamError(retry_after=120),
        retried("fetch.upstream", after=(120, 150)),
        seconds=_limited(120)["503"],
    ),
    _case(
        "no answer in time",
        errors.FetchTimeoutError(),
        retried("fetch.timeout"),
        slow_headers=_space(FaultKind.SLOW, delay_s=60),
        slow_body=_space(FaultKind.SLOW_BODY, delay_s=60),
        s408=_status(408),
    ),
    _case(
        "a broken connection",
        errors.FetchConnectionError(),
        retried("fetch.connection"),
        reset_before_the_headers=_space(FaultKind.DROPPED),
        reset_after_the_headers=_space(FaultKind.RESET),
        cut_off=_space(FaultKind.TRUNCATED),
    ),
    _mends("a connection that is reset once", _space(FaultKind.DROPPED, times=1)),
    _mends("a connection that is reset once in the body", _space(FaultKind.RESET, times=1)),
    _case(
        "no JSON object",
        errors.BadPayloadError(),
        retried("fetch.bad_payload"),
        HTML=_space(FaultKind.HTML),
        HTML_that_says_it_is_JSON=LogText(text(f"<html>{NUMBER}")),
        empty=LogText(text("")),
        ten_megabytes=LogText(text(" " * 10 * 2**20)),
    ),
    _case(
        "no time left",
        None,
        Waits(code="fetch.out_of_time", counts="fetch.out_of_time"),
        hardly_any_left=NoTime(),
    ),
    _case("a defect of ours", _unexpected(), retried("internal.unexpected", 5)),
)
