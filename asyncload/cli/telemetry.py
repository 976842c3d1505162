"""The streams that a command line asks for: which, of which models, and where to."""

import asyncio
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Final

import numpy as np

from asyncload import __version__
from asyncload.address import parse_address
from asyncload.aws.endpoint import find_place
from asyncload.cli.environment import CREDENTIALS, TELEMETRY
from asyncload.cli.environment import environment as without
from asyncload.errors import Problem, ScenarioError, UsageError
from asyncload.options import Stop
from asyncload.plan import Plan
from asyncload.scenario import Scenario, Trace, targets
from asyncload.telemetry.frames import Opening, Otlp
from asyncload.telemetry.stream import Stream
from asyncload.traffic import shares
from asyncload.units import parse_duration_ns

MODELS: Final = 100
"""Models that have series of their own, unless told otherwise."""
LINGER: Final = "15s"
_INTERVAL: Final = "OTEL_METRIC_EXPORT_INTERVAL"
_INTERVAL_MS: Final = "10000"
_TEMPORALITY: Final = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE"
_AGGREGATION: Final = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION"
_AGGREGATIONS: Final = ("explicit_bucket_histogram", "base2_exponential_bucket_histogram")
_OTHER: Final = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """The options of the command; None where nothing was given."""

    prometheus: int | None = None
    prometheus_linger: str | None = None
    otlp: str | None = None
    metrics_models: int | None = None
    allow_plaintext: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything to be served."""
        return self.prometheus is not None or self.otlp is not None


def streams(
    scenario: Scenario, asked: Streams, run: str, environment: Mapping[str, str] | None = None
) -> list[Callable[[Stop], Stream]]:
    """
    Return the watchers that serve what was asked for.

    Args:
        scenario: What will be sent.
        asked: The options.
        run: Name of the run directory.
        environment: Variables of OpenTelemetry; by default this process's.

    Raises:
        UsageError: If options or variables cannot be meant, all mistakes at once.
        StartError: If spans are to name the endpoint's server and it cannot be found.
    """
    variables = os.environ if environment is None else environment
    problems = [Problem("", mistake) for mistake in _mistakes(asked, variables)]
    if problems:
        raise ScenarioError("options", problems)
    if not asked.any:
        return []
    models = tuple(target.label for target in targets(scenario.models))
    shown = busiest(scenario, asked.metrics_models or MODELS)
    opening = Opening(
        version=__version__,
        scenario=scenario.name,
        run=run,
        models=models,
        labels=labels(models, shown),
        prometheus=asked.prometheus,
        linger_s=parse_duration_ns(asked.prometheus_linger or LINGER) / 1e9,
        otlp=_otlp(scenario, asked, variables),
    )
    theirs = without(CREDENTIALS) if asked.otlp is not None else without(CREDENTIALS, TELEMETRY)
    return [lambda _stop: Stream(opening, shown, _tell, theirs)]


def busiest(scenario: Scenario, most: int) -> list[int]:
    """
    Return the models that get series of their own: those of which the plan expects most, in the scenario's order.

    What is expected does not change while the run lasts, so no model changes its series.
    """
    expected = shares(scenario.models)
    if expected.size > most and any(isinstance(phase, Trace) for phase in scenario.phases):
        # A trace names its models itself; among those that it names equally often the weights decide.
        expected = expected * 1e-6 + np.array(Plan(scenario).summary().per_target)
    return sorted(np.argsort(-expected, kind="stable")[:most].tolist())


def labels(models: Sequence[str], shown: Sequence[int]) -> tuple[str, ...]:
    """Return the labels of the models that are shown, and behind them that of the others, if there are any."""
    own = [models[index] for index in shown]
    if len(own) == len(models):
        return tuple(own)
    return (*own, _OTHER if _OTHER not in own else f"{_OTHER} models")


def _mistakes(asked: Streams, variables: Mapping[str, str]) -> Iterator[str]:
    if asked.prometheus_linger is not None:
        if asked.prometheus is None:
            yield "--prometheus-linger: is how long --prometheus waits for a last scrape, and there is no --prometheus"
        yield from _said(lambda: parse_duration_ns(asked.prometheus_linger or ""), "--prometheus-linger: ")
    if asked.metrics_models is not None and not asked.any:
        yield "--metrics-models: is about what --prometheus and --otlp show, and there is neither"
    if asked.otlp is None:
        return
    yield from _said(lambda: parse_address(asked.otlp or "", allow_plaintext=asked.allow_plaintext), "--otlp: ")
    if not _installed("opentelemetry.exporter.otlp.proto.http"):
        yield "--otlp: needs OpenTelemetry's SDK; install it with pip install 'asyncload-mme[otlp]'"
    if (temporality := variables.get(_TEMPORALITY) or "cumulative").lower() != "cumulative":
        yield f"{_TEMPORALITY}: only cumulative is sent, found {temporality!r}; let a collector make deltas of it"
    interval = variables.get(_INTERVAL) or _INTERVAL_MS
    if not interval.isdecimal() or not int(interval):
        yield f"{_INTERVAL}: expected milliseconds above 0, found {interval!r}"
    if (aggregation := variables.get(_AGGREGATION) or _AGGREGATIONS[0]).lower() not in _AGGREGATIONS:
        yield f"{_AGGREGATION}: expected {' or '.join(_AGGREGATIONS)}, found {aggregation!r}"


def _installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # not even what it is part of
        return False


def _said(check: Callable[[], object], where: str) -> Iterator[str]:
    """Yield what a check refuses."""
    try:
        check()
    except (UsageError, ValueError) as error:
        yield f"{where}{error}"


def _otlp(scenario: Scenario, asked: Streams, variables: Mapping[str, str]) -> Otlp | None:
    if asked.otlp is None:
        return None
    endpoint = scenario.endpoint
    place = asyncio.run(find_place(endpoint.region, endpoint.url, allow_plaintext=asked.allow_plaintext))
    return Otlp(
        url=parse_address(asked.otlp, allow_plaintext=asked.allow_plaintext).url,
        interval_s=int(variables.get(_INTERVAL) or _INTERVAL_MS) / 1000,
        exponential=(variables.get(_AGGREGATION) or "").lower() == _AGGREGATIONS[1],
        server=(place.address.host, place.address.port),
    )


def _tell(text: str) -> None:
    """Say something beside the live view, which makes room for it."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()
