"""
What kind of failure a reply is.

The status alone lies: a throttled call is a 400, a model that is loading a 429. So the error's name decides, from the
header `x-amzn-ErrorType` or, without it, from the body; only a reply that names nothing known is judged by its status.

Source: InvokeEndpoint and Common Error Types, SageMaker Runtime API Reference; the rest-json error rules of AWS's
protocol tests for names that carry a namespace (`aws.x#Name`) or a place (`Name:http://...`).
"""

import json
from types import MappingProxyType

from asyncload.call import Outcome

_OUTCOMES = MappingProxyType(
    {
        # SageMaker Runtime's own
        "ModelError": Outcome.MODEL_ERROR,
        "ModelNotReadyException": Outcome.NOT_READY,
        "ValidationError": Outcome.CLIENT_ERROR,
        "InternalFailure": Outcome.SERVER_ERROR,
        "InternalDependencyException": Outcome.SERVER_ERROR,
        "ServiceUnavailable": Outcome.SERVER_ERROR,
        # Common to all services, in both their spellings
        "Throttling": Outcome.THROTTLED,
        "ThrottlingException": Outcome.THROTTLED,
        "TooManyRequestsException": Outcome.THROTTLED,
        "RequestLimitExceeded": Outcome.THROTTLED,
        "InternalServerException": Outcome.SERVER_ERROR,
        "ServiceUnavailableException": Outcome.SERVER_ERROR,
        "ValidationException": Outcome.CLIENT_ERROR,
        "SerializationException": Outcome.CLIENT_ERROR,
        "UnknownOperationException": Outcome.CLIENT_ERROR,
        "AccessDenied": Outcome.AUTH,
        "AccessDeniedException": Outcome.AUTH,
        "ExpiredToken": Outcome.AUTH,
        "ExpiredTokenException": Outcome.AUTH,
        "IncompleteSignature": Outcome.AUTH,
        "IncompleteSignatureException": Outcome.AUTH,
        "InvalidClientTokenId": Outcome.AUTH,
        "InvalidSignatureException": Outcome.AUTH,
        "MissingAuthenticationToken": Outcome.AUTH,
        "MissingAuthenticationTokenException": Outcome.AUTH,
        "NotAuthorized": Outcome.AUTH,
        "OptInRequired": Outcome.AUTH,
        "RequestExpired": Outcome.AUTH,
        "SignatureDoesNotMatch": Outcome.AUTH,
        "UnrecognizedClientException": Outcome.AUTH,
    }
)

_STATUSES = MappingProxyType(
    {
        401: Outcome.AUTH,
        403: Outcome.AUTH,
        424: Outcome.MODEL_ERROR,
        429: Outcome.NOT_READY,
    }
)

_NAMES_IN_BODY = ("__type", "code", "Code", "ErrorCode")
_LARGEST_BODY_BYTES = 65_536
"""An error's body is short; a longer one is the model's own and is not parsed on the hot path."""


def classify(status: int, error_type: str, body: bytes) -> Outcome:
    """
    Judge a whole reply.

    Args:
        status: HTTP status.
        error_type: Value of `x-amzn-ErrorType`, empty if there was none.
        body: The reply's body; looked into only if the header does not decide.

    Returns:
        OK for every 2xx; else the outcome that the error's name or, failing that, the status stands for. PROTOCOL for
        a status that InvokeEndpoint does not have: 1xx and 3xx.
    """
    if 200 <= status < 300:
        return Outcome.OK
    outcome = _OUTCOMES.get(bare(error_type)) if error_type else None
    if outcome is None and body:
        outcome = _OUTCOMES.get(named_in(body))
    return _by_status(status) if outcome is None else outcome


def bare(name: str) -> str:
    """Strip what stands before `#` and after `:`."""
    return name.partition(":")[0].rpartition("#")[2].strip()


def named_in(body: bytes) -> str:
    """Name of the error that a body of JSON states; empty if it states none."""
    if len(body) > _LARGEST_BODY_BYTES or body.lstrip()[:1] != b"{":
        return ""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    named = (fields[key] for key in _NAMES_IN_BODY if isinstance(fields.get(key), str))
    return bare(next(named, ""))


def _by_status(status: int) -> Outcome:
    known = _STATUSES.get(status)
    if known is not None:
        return known
    if status >= 500:
        return Outcome.SERVER_ERROR
    return Outcome.CLIENT_ERROR if status >= 400 else Outcome.PROTOCOL
