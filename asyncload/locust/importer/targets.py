"""
Targets of a locustfile's calls, each with its share of the traffic and what its bodies are drawn from.

    share of a class among users  *  tasks per time, where its wait time sets that  *  calls per task
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from asyncload.locust.importer.findings import NO_HOST, NOWHERE, Findings, Mistake, Target, UserClass

Pool: TypeAlias = tuple[tuple[int, float], ...]
"""Numbers of bodies with their shares."""

_AWS: Final = re.compile(r"https://runtime\.sagemaker\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(?:\.cn)?")
_LONGEST_LABEL: Final = 1024


class Unimportable(Exception):  # noqa: N818  a state of the file, not of the program
    """Something in the file that no scenario can say."""

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        """
        Args:
            mistakes: At least one.
        """
        super().__init__(mistakes[0].text)
        self.mistakes = tuple(mistakes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One target."""

    name: str
    label: str
    """Name of its row; empty where that is its own name."""
    content_type: str
    accept: str
    custom_attributes: str
    variant: str
    inference_component: str
    container: str
    inference_id: bool
    weight: float
    pool: Pool

    def changed(self, texts: Mapping[str, str]) -> "Called":
        """Return the same with other texts, by the names of their fields, and no weight."""
        changes: dict[str, Any] = {"weight": 0.0, **texts}
        return replace(self, **changes)

    @property
    def own_name(self) -> str:
        """What results call it without a label, as `models.labels` says."""
        names = (self.name, self.variant, self.inference_component, self.container)
        return next((name for name in names if name), "endpoint")


@dataclass(frozen=True, slots=True)
class Place:
    """Where calls go."""

    endpoint: str
    url: str
    """Empty if AWS's rules give it from the region."""
    region: str
    """Empty if the file leaves it to the environment, or does not sign."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What a locustfile calls at one endpoint."""

    place: Place
    called: Sequence[Called]
    calls_per_task: float
    signed: bool
    shared_rows: Sequence[str]
    """Names of rows that the file uses for several targets."""
    others: Sequence[str]
    """Endpoints that it calls too, which were not chosen."""


def shares(classes: Sequence[UserClass], users: int | None) -> list[float]:
    """
    Return the share of each class among the users.

    Args:
        classes: At least one.
        users: How many there are in all; needed where some classes have a fixed count and others a weight.

    Raises:
        Unimportable: If it is needed and not there.
    """
    fixed = sum(each.fixed_count for each in classes)
    weights = sum(each.weight for each in classes if not each.fixed_count)
    if fixed and weights and users is None:
        names = ", ".join(each.name for each in classes if each.fixed_count)
        text = f"{names}: fixed_count beside classes with a weight; their shares depend on --users"
        raise Unimportable([Mistake(classes[0].where, text)])
    if not fixed:
        return [each.weight / weights for each in classes]
    total = max(users or fixed, fixed)
    rest = (total - fixed) / weights if weights else 0.0
    counts = [each.fixed_count or each.weight * rest for each in classes]
    return [count / sum(counts) for count in counts]


def tasks_per_time(classes: Sequence[UserClass]) -> list[float]:
    """Return how many tasks users of each class carry out, relative to one another; 1 unless each has a pace."""
    if all(each.wait.kind == "pacing" and each.wait.mean_s > 0 for each in classes):
        return [1 / each.wait.mean_s for each in classes]
    return [1.0] * len(classes)


def traffic(findings: Findings, endpoint: str | None, users: int | None, host: str | None) -> Traffic:
    """
    Return what is called.

    Args:
        findings: Of one file.
        endpoint: The one to take, where the file calls several.
        users: How many Locust would start.
        host: What Locust's -H would be: where calls are to go whatever the file says, unless it is a name for it.

    Raises:
        Unimportable: With the reasons why this is no traffic of one endpoint.
    """
    weights = _weights(findings, users)
    if not weights:
        raise Unimportable([Mistake("", _nothing(findings))])
    every = {number: findings.targets[number] for number in weights}
    name = _chosen(every, endpoint, _Lines(findings))
    if is_name(host, name):
        host = None
    targets = {number: target for number, target in every.items() if target.endpoint == name}
    place = _place(name, targets, host, _Lines(findings))
    labels, shared = _labels(findings, targets)
    merged: dict[Called, list[tuple[float, Pool]]] = {}
    for number, target in targets.items():
        merged.setdefault(_label(_called(target), labels.get(number, "")), []).extend(weights[number])
    called = [
        replace(each, weight=sum(weight for weight, _ in parts), pool=_mixed(parts)) for each, parts in merged.items()
    ]
    tasks = zip(shares(findings.classes, users), tasks_per_time(findings.classes), strict=True)
    return Traffic(
        place,
        called,
        calls_per_task=sum(each.weight for each in called) / sum(share * speed for share, speed in tasks),
        signed=all(target.signed for target in targets.values()),
        shared_rows=shared,
        others=sorted({target.endpoint for target in every.values()} - {name}),
    )


def is_name(host: str | None, endpoint: str) -> bool:
    """Whether a host is none, but the endpoint's name as a host: many locustfiles get it so, from -H https://NAME."""
    return host is not None and host.rstrip("/").rpartition("/")[2] == endpoint


def _weights(findings: Findings, users: int | None) -> dict[int, list[tuple[float, Pool]]]:
    """Return, by target, its pools with their calls per time."""
    weights: dict[int, list[tuple[float, Pool]]] = {}
    parts = zip(findings.classes, shares(findings.classes, users), tasks_per_time(findings.classes), strict=True)
    for each, share, speed in parts:
        for rate in each.rates:
            if rate.calls * share > 0:
                pool = tuple(findings.pools[rate.pool])
                weights.setdefault(rate.target, []).append((rate.calls * share * speed, pool))
    return weights


def _nothing(findings: Findings) -> str:
    others = [note.text for note in findings.notes if note.topic == "other requests"]
    return "no task calls InvokeEndpoint" + (f"; {others[0]}" if others else "")


@dataclass(frozen=True, slots=True)
class _Lines:
    """Names a value of targets with the line that calls the first of them."""

    findings: Findings

    def listed(self, values: Mapping[str, int]) -> str:
        lines = self.findings.lines
        return ", ".join(
            f"{value} ({lines[number]})" if number < len(lines) and lines[number] else value
            for value, number in values.items()
        )


def _firsts(targets: Mapping[int, Target], value: Callable[[Target], str]) -> dict[str, int]:
    """Return each value that targets have, with the first of them."""
    firsts: dict[str, int] = {}
    for number, target in targets.items():
        firsts.setdefault(value(target), number)
    return firsts


def _chosen(targets: Mapping[int, Target], wanted: str | None, lines: _Lines) -> str:
    names = _firsts(targets, lambda target: target.endpoint)
    if is_name(NO_HOST, next(iter(names))):
        where = lines.listed({"the host": next(iter(names.values()))})
        raise Unimportable(
            [Mistake("", f"takes the endpoint's name from {where}: give it as to Locust, -H https://NAME")]
        )
    if wanted is None:
        if len(names) > 1:
            text = f"calls the endpoints {lines.listed(names)}; choose one with --endpoint"
            raise Unimportable([Mistake("", text)])
        return next(iter(names))
    if wanted not in names:
        raise Unimportable([Mistake("", f"does not call the endpoint {wanted}, but {lines.listed(names)}")])
    return wanted


def _place(endpoint: str, targets: Mapping[int, Target], host: str | None, lines: _Lines) -> Place:
    mistakes = []
    urls = {host: 0} if host is not None else _firsts(targets, _url)
    regions = _firsts(targets, lambda target: target.region)
    for unsaid in ("", NOWHERE):
        regions.pop(unsaid, None)
    if host is None and NO_HOST in urls:
        where = lines.listed({"its HTTP calls": urls[NO_HOST]})
        mistakes.append(Mistake("", f"has no host for {where}: give the one that Locust would be given with -H"))
    elif len(urls) > 1:
        listed = lines.listed({url or "AWS's own address": number for url, number in urls.items()})
        mistakes.append(Mistake("", f"calls {endpoint} at {listed}; -H HOST sets one for all"))
    if len(regions) > 1:
        listed = lines.listed(regions)
        mistakes.append(Mistake("", f"calls {endpoint} in {listed}; take some of its classes, or tags"))
    if mistakes:
        raise Unimportable(mistakes)
    return Place(endpoint, next(iter(urls)), next(iter(regions), ""))


def _url(target: Target) -> str:
    """Return where a call goes, nothing for the address that AWS's rules give."""
    usual = _AWS.fullmatch(target.url)
    return "" if usual and usual["region"] == target.region else target.url


def _called(target: Target) -> Called:
    return Called(
        name=target.model,
        label="",
        content_type=target.content_type,
        accept=target.accept,
        custom_attributes=target.custom_attributes,
        variant=target.variant,
        inference_component=target.inference_component,
        container=target.container,
        inference_id=target.inference_id,
        weight=0.0,
        pool=(),
    )


def _labels(findings: Findings, targets: Mapping[int, Target]) -> tuple[dict[int, str], list[str]]:
    """
    Return the names of rows that may serve as labels, by target, and those that several targets share.

    Rows are kept where each target has one of its own; a path is no name but what Locust writes if there is none.
    """
    names: dict[int, set[str]] = {}
    for row in findings.rows:
        if row.target in targets and "/endpoints/" not in row.name and 0 < len(row.name) <= _LONGEST_LABEL:
            names.setdefault(row.target, set()).add(row.name)
    uses = Counter(name for each in names.values() for name in each)
    shared = sorted(name for name, count in uses.items() if count > 1)
    if shared or any(len(names.get(number, ())) != 1 for number in targets):
        return {}, shared
    return {number: next(iter(names[number])) for number in targets}, []


def _label(target: Called, label: str) -> Called:
    """Give a target a label, if it is not its own name."""
    return target if label == target.own_name else replace(target, label=label)


def _mixed(parts: Sequence[tuple[float, Pool]]) -> Pool:
    """Return the pool from which pools are drawn with these weights."""
    if all(pool == parts[0][1] for _, pool in parts):
        return parts[0][1]
    total = sum(weight for weight, _ in parts)
    mixed: dict[int, float] = {}
    for weight, pool in parts:
        for body, share in pool:
            mixed[body] = mixed.get(body, 0.0) + weight * share / total
    return tuple(mixed.items())
