"""Options that override a scenario file, or stand in for one."""

from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from asyncload.errors import UsageError
from asyncload.scenario import Arrivals, Model, Phase, Scenario, Trace, Users
from asyncload.units import parse_duration_ns, parse_rate_per_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What was given on the command line; None and empty where nothing was."""

    rate: str | None = None
    duration: str | None = None
    models: tuple[str, ...] = ()
    """NAME=WEIGHT each."""
    endpoint: str | None = None
    endpoint_url: str | None = None
    region: str | None = None
    payload: Path | None = None
    content_type: str | None = None
    seed: int | None = None
    transport: str | None = None
    slo: tuple[str, ...] = ()
    """Objectives beside the scenario's."""
    stop: tuple[str, ...] = ()
    """Stop rules beside the scenario's."""
    warmup: str | None = None


def resolve(path: Path | None, given: Overrides) -> Scenario:
    """
    Make the scenario that a command line asks for.

    Args:
        path: The scenario file; without it the options must name an endpoint, models, a rate and a duration.
        given: The options.

    Raises:
        UsageError: If an option does not fit.
        ScenarioError: If the file or what became of it has mistakes.
    """
    scenario = Scenario.load(path) if path else _from_options(given)
    if path and (given.payload or given.content_type):
        raise UsageError("--payload and --content-type go without a scenario file; set them in its `models`")
    data = _changed(scenario, given, has_file=path is not None).to_dict()
    if given.transport is not None:
        data["transport"] = given.transport
    if given.warmup is not None:
        data["warmup"] = given.warmup
    data["slo"] = list(dict.fromkeys((*scenario.slo, *given.slo)))
    data["stop"] = list(dict.fromkeys((*scenario.stop, *given.stop)))
    return Scenario.from_dict(data, source=str(path) if path else "options")


def _from_options(given: Overrides) -> Scenario:
    needed = {"--endpoint": given.endpoint, "--model": given.models, "--rate": given.rate, "--duration": given.duration}
    missing = [name for name, value in needed.items() if not value]
    if missing:
        raise UsageError(f"no scenario file, and these options are missing: {', '.join(missing)}; see --help")
    weights = [_weight(text) for text in given.models]
    models: list[dict[str, Any]] = [{"name": name, "weight": weight} for name, weight in weights]
    for model in models:
        if given.payload:
            model["payload"] = {"file": str(given.payload.absolute())}
        if given.content_type:
            model["content_type"] = given.content_type
    phase = {"law": "poisson", "rate": given.rate, "for": given.duration}
    data = {"name": given.endpoint, "endpoint": {"name": given.endpoint}, "models": models, "phases": [phase]}
    return Scenario.from_dict(data, source="options")


def _changed(scenario: Scenario, given: Overrides, *, has_file: bool) -> Scenario:
    endpoint = replace(
        scenario.endpoint,
        name=given.endpoint or scenario.endpoint.name,
        url=given.endpoint_url or scenario.endpoint.url,
        region=given.region or scenario.endpoint.region,
    )
    return replace(
        scenario,
        endpoint=endpoint,
        models=_weighted(scenario.models, given.models) if has_file else scenario.models,
        phases=_rated(scenario.phases, given) if has_file else scenario.phases,
        seed=scenario.seed if given.seed is None else given.seed,
    )


def _weighted(models: tuple[Model, ...], texts: tuple[str, ...]) -> tuple[Model, ...]:
    """Set weights by name."""
    weights = dict(_weight(text) for text in texts)
    names = [model.name or "" for model in models]
    for name in weights:
        if name not in names:
            near = get_close_matches(name, names, 1)
            raise UsageError(
                f"--model {name}: the scenario has no such model"
                + (f"; did you mean {near[0]}?" if near else f"; it has {', '.join(names[:10])}")
            )
    return tuple(replace(model, weight=weights.get(model.name or "", model.weight)) for model in models)


def _weight(text: str) -> tuple[str, float]:
    name, equals, weight = text.rpartition("=")
    if not equals:
        return text, 1.0
    try:
        return name, float(weight)
    except ValueError:
        raise UsageError(f"--model {text}: expected NAME=WEIGHT, such as a.tar.gz=3") from None


def _rated(phases: tuple[Phase, ...], given: Overrides) -> tuple[Phase, ...]:
    """Change rate and length of the measured phase; warm-up phases stay."""
    if given.rate is None and given.duration is None:
        return phases
    measured = [phase for phase in phases if not phase.warmup]
    if len(measured) != 1 or isinstance(measured[0], Trace):
        raise UsageError("--rate and --duration need a scenario with exactly one measured phase, and no trace")
    if given.rate is not None and isinstance(measured[0], Users):
        raise UsageError("--rate needs a phase with a rate; this one is a closed loop, whose rate follows from `users`")
    try:
        changed = _changed_phase(measured[0], given)
    except ValueError as error:
        raise UsageError(f"--rate or --duration: {error}") from None
    return tuple(changed if phase is measured[0] else phase for phase in phases)


def _changed_phase(phase: Arrivals | Users, given: Overrides) -> Phase:
    length_ns = phase.length_ns if given.duration is None else parse_duration_ns(given.duration)
    if isinstance(phase, Users):
        return replace(phase, length_ns=length_ns)
    rate = phase.rate if given.rate is None else parse_rate_per_s(given.rate)
    return replace(phase, rate=rate, length_ns=length_ns)
