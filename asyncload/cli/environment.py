"""What of our environment the processes beside a run get: not what only the run itself has a use for."""

import os

CREDENTIALS = "AWS_"
"""How variables begin that are for whoever signs."""
TELEMETRY = "OTEL_"
"""How those of OpenTelemetry do; headers with bearer tokens are among them."""


def environment(*unneeded: str) -> dict[str, str]:
    """
    Return our own variables but some.

    Args:
        unneeded: How those begin that are left out.
    """
    return {name: value for name, value in os.environ.items() if not name.startswith(unneeded)}
