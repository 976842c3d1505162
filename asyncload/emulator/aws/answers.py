"""
AWS's shapes of every reply: status, headers, body. No I/O.

The error's code stands in x-amzn-ErrorType, from where SDKs read it. 413 has none: the SDK's code is then the status.

Source: SageMaker Runtime API reference, InvokeEndpoint and "Common Errors"; botocore's service model, rest-json parser.
Words of the messages as users report them: sagemaker-tensorflow-serving-container issue 166 (missing target model),
amazon-sagemaker-examples issue 1216 (no multi-model endpoint), sagemaker-python-sdk issues 171 (413) and 2955 (424).
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from asyncload.emulator.wire.values import BODY_LIMIT_BYTES

ACCOUNT = "123456789012"
"""The account number of AWS's examples."""
REGION = "us-east-1"
"""Where endpoints are said to be, unless the configuration says it."""

SIMULATED_STATUS: Final = 500
"""What the container has answered, of a ModelError by fault."""
_STATUS: Final = {
    "InternalDependencyException": 530,
    "InvalidSignatureException": 403,
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
}
"""HTTP status of those errors that have no function of their own. Source: SageMaker API reference, "Common Errors"."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply, and the word under which the truth log counts it."""

    status: int
    body: bytes
    outcome: str = "OK"
    error_type: str | None = None
    content_type: str = "application/json"
    attributes: str | None = None
    """Custom attributes that the container sends back."""


CUT_OFF: Final = Answer(0, b"", "LOST")
"""No answer: the emulator has ended."""


def error(status: int, code: str, message: str | None) -> Answer:
    """Return an error with a message only."""
    return Answer(status, msgspec.json.encode({"message": message}), code, code)


def denied(code: str, message: str) -> Answer:
    """403: the signature or the key was refused before SageMaker saw the request."""
    return error(403, code, message)


def throttled() -> Answer:
    """400 with a message of null, as the endpoint's concurrency limit is reported."""
    return error(400, "ThrottlingException", None)


def unknown_operation() -> Answer:
    """404: no operation of the SageMaker runtime has this path and method."""
    return error(404, "UnknownOperationException", None)


def no_endpoint(name: str) -> Answer:
    """400: there is no such endpoint."""
    return _invalid(f"Endpoint {name} of account {ACCOUNT} not found.")


def no_target_model(request_id: str) -> Answer:
    """400: a multi-model endpoint was called without a TargetModel."""
    return _invalid(f"Request {request_id} is missing a target model header.")


def no_multi_model(endpoint: str) -> Answer:
    """400: an endpoint with one model was called with a TargetModel."""
    message = f"Endpoint {endpoint} is not a multi-model endpoint and does not support target model header."
    return _invalid(message, "TARGET_MODEL_HEADER_NOT_SUPPORTED")


def no_model(name: str) -> Answer:
    """400: there is no artefact of that name under the endpoint's S3 prefix."""
    message = (
        f"Failed to download model data (bucket: emulated, key: {name}). Please ensure that there is an object located "
        "at the URL and that the role passed to CreateModel has permissions to download the model."
    )
    return _invalid(message)


def no_variant(name: str) -> Answer:
    """400: the endpoint has no variant of that name."""
    return _invalid(f"Variant {name} does not exist on this endpoint.")


def not_ready(model: str) -> Answer:
    """429: the model is still being downloaded or loaded after the platform's limit."""
    return error(429, "ModelNotReadyException", f"Model {model} is still being downloaded or loaded.")


def too_long(header: str, longest: int) -> Answer:
    """400: a member of the request is longer than its limit."""
    return _invalid(f"1 validation error detected: {header} must have length less than or equal to {longest}.")


def by_code(code: str, endpoint: str, model: str, region: str) -> Answer:
    """
    Return what a caller sees under one of AWS's codes.

    Args:
        code: One of `config.faults.ErrorCode`.
        endpoint: The endpoint's name.
        model: The target model.
        region: Where the endpoint is.
    """
    match code:
        case "ThrottlingException":
            return throttled()
        case "ModelNotReadyException":
            return not_ready(model)
        case "ModelError":
            return model_error(endpoint, SIMULATED_STATUS, "simulated failure of the container", region)
        case "ValidationError":
            return _invalid("simulated refusal of the request")
        case "InternalFailure":
            return failure()
        case "ServiceUnavailable":
            return unavailable()
        case _:
            return error(_STATUS[code], code, f"simulated {code}")


def failure() -> Answer:
    """500: the instance was lost while it had the request."""
    return error(500, "InternalFailure", "The request was lost with the instance that had it.")


def unavailable() -> Answer:
    """503: there is no instance to take the request."""
    return error(503, "ServiceUnavailable", "No instance of the variant is in service.")


def oversize() -> Answer:
    """413, in plain text and without an error type."""
    text = f"HTTP content length exceeded {BODY_LIMIT_BYTES} bytes."
    return Answer(413, text.encode(), "413", None, "text/plain")


def model_error(endpoint: str, status: int, message: str, region: str) -> Answer:
    """424: the container answered 4xx or 5xx."""
    side = "client" if 400 <= status < 500 else "server"
    group = f"/aws/sagemaker/Endpoints/{endpoint}"
    body = {
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL" if side == "client" else "INTERNAL_FAILURE_FROM_MODEL",
        "LogStreamArn": f"arn:aws:logs:{region}:{ACCOUNT}:log-group:{group}",
        "Message": f'Received {side} error ({status}) from primary with message "{message}". '
        f"See the log group {group} in account {ACCOUNT} for more information.",
        "OriginalMessage": message,
        "OriginalStatusCode": status,
    }
    return Answer(424, msgspec.json.encode(body), "ModelError", "ModelError")


def timed_out(endpoint: str, region: str) -> Answer:
    """424: the container had not answered within the platform's limit; the original status is 0."""
    message = "Your invocation timed out while waiting for a response from container primary."
    return model_error(endpoint, 0, message, region)


def _invalid(message: str, code: str | None = None) -> Answer:
    body = {"Message": message} if code is None else {"ErrorCode": code, "Message": message}
    return Answer(400, msgspec.json.encode(body), "ValidationError", "ValidationError")
