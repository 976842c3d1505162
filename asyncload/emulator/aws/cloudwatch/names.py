"""
Metrics of endpoints, with their namespaces and units; all have the dimensions EndpointName and VariantName.

Source: SageMaker Developer Guide, "Amazon SageMaker AI metrics in Amazon CloudWatch".
"""

from enum import Enum
from typing import Final

NONE: Final = "None"
MICROSECONDS: Final = "Microseconds"
PERCENT: Final = "Percent"
_CALLS: Final = "AWS/SageMaker"
_INSTANCES: Final = "/aws/sagemaker/Endpoints"


class Name(Enum):
    """A metric: its name at AWS is the member's `value`."""

    INVOCATIONS = "Invocations"
    """1 for each request."""
    INVOCATIONS_PER_INSTANCE = "InvocationsPerInstance"
    """1 / instances for each request."""
    ERRORS_4XX = "Invocation4XXErrors"
    """1 for each request that the caller saw answered with 4xx, else 0."""
    ERRORS_5XX = "Invocation5XXErrors"
    """1 for each request that the caller saw answered with 5xx, else 0."""
    MODEL_ERRORS = "InvocationModelErrors"
    """1 for each request that the container answered with anything but 2xx or not at all, else 0."""
    MODEL_LATENCY = "ModelLatency"
    """From handing the request to the container to having its answer."""
    OVERHEAD_LATENCY = "OverheadLatency"
    """From the request's arrival to its answer, less ModelLatency."""
    CACHE_HIT = "ModelCacheHit"
    """1 for each request whose model was loaded, else 0."""
    LOADING_WAIT = "ModelLoadingWaitTime"
    """What a request waited for its model to be downloaded, loaded, or both."""
    DOWNLOADING = "ModelDownloadingTime"
    """S3 to disk."""
    LOADING = "ModelLoadingTime"
    """The container's LoadModel call."""
    UNLOADING = "ModelUnloadingTime"
    """The container's UnloadModel call."""
    LOADED_MODELS = "LoadedModelCount"
    """Models in the memory of an instance."""
    CPU = "CPUUtilization"
    """From 0 to 100 x vCPUs of an instance."""
    MEMORY = "MemoryUtilization"
    """From 0 to 100 of an instance."""
    DISK = "DiskUtilization"
    """From 0 to 100 of an instance."""

    @property
    def namespace(self) -> str:
        """Where it is found."""
        return _INSTANCES if self in _OF_INSTANCES else _CALLS

    @property
    def unit(self) -> str:
        """AWS's word for its unit."""
        return MICROSECONDS if self in _TIMES else PERCENT if self in _SHARES else NONE


_SHARES = frozenset({Name.CPU, Name.MEMORY, Name.DISK})
_OF_INSTANCES = _SHARES | {Name.LOADED_MODELS}
_TIMES = frozenset(
    {
        Name.MODEL_LATENCY,
        Name.OVERHEAD_LATENCY,
        Name.LOADING_WAIT,
        Name.DOWNLOADING,
        Name.LOADING,
        Name.UNLOADING,
    }
)


def named(namespace: str, name: str) -> Name | None:
    """Return the metric that AWS knows by these names; None if there is none."""
    try:
        found = Name(name)
    except ValueError:
        return None
    return found if found.namespace == namespace else None
