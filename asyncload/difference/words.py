"""
Differences in words: one sentence each, and a short text of all, the most important first.

    p99 of model x: 31 % slower [24, 39]
    no difference found: p50 of all models within [-2 %, +3 %]
    p99 of y: cannot tell, 120 calls with a latency, needs 368
    p50 of z: cannot tell, too few calls, seconds or runs to rule out half or twice as much
"""

import statistics
from collections.abc import Iterator, Sequence
from typing import Final

from asyncload.difference.values import METRICS, Difference, Differences, Metric

_MOST: Final = 20
"""Lines."""
_SHOWN: Final = 10
"""Differences of models that are told by themselves."""
_TIMES: Final = 9.0
"""Relative difference from which on it is told as a multiple."""
_ALL: Final = "all models"
_NOUNS: Final[dict[Metric, str]] = {"error_rate": "failed calls"}
_WORDS: Final[dict[Metric, tuple[str, str]]] = {"error_rate": ("more", "fewer"), "throughput": ("higher", "lower")}


def sentence(one: Difference) -> str:
    """Say what came of one comparison."""
    if not one.told:
        return f"{_what(one)}: cannot tell, {one.why}"
    if not one.sure:
        return f"no difference found: {_what(one)} within {_within(one)}"
    return f"{_what(one)}: {_sure(one)}"


def lines(differences: Differences) -> tuple[str, ...]:
    """
    Say what came of all comparisons in some twenty lines.

    Returns:
        The differences of all models together and of each that are sure, the largest first; then what was not found,
        and what cannot be told. What must be known before, `notes`, is not among them.
    """
    by_model = () if _same_thing(differences) else differences.models
    models = [one for model in by_model for one in model.differences]
    told = [*_total(differences.total), *_models(models)]
    told += _not_found(models, (_MOST - 1 - len(told)) // 2)
    told += _untold(models, _MOST - 1 - len(told))
    if differences.comparisons:
        blocks = " and ".join(dict.fromkeys(f"{side.block_s:g}" for side in (differences.a, differences.b)))
        told.append(
            f"intervals: 95 %, corrected for {differences.comparisons:,} comparisons (Holm); seconds drawn anew in "
            f"blocks of {blocks} s"
        )
    return tuple(told)


def _same_thing(differences: Differences) -> bool:
    """Whether there is one model only, of which all models together say the same."""
    return len(differences.models) == 1 and not differences.only_a and not differences.only_b


# -- all models together ----------------------------------------------------------------------------------------------


def _total(total: Sequence[Difference]) -> Iterator[str]:
    for one in sorted((one for one in total if one.sure), key=lambda one: -one.size):
        yield sentence(one)
    equal = [f"{_noun(one.metric)} within {_within(one)}" for one in total if one.told and not one.sure]
    if equal:
        yield f"no difference found, {_ALL}: {', '.join(equal)}"
    for why in dict.fromkeys(one.why for one in total if not one.told):
        metrics = [_noun(one.metric) for one in total if one.why == why]
        yield f"{', '.join(metrics)} of {_ALL}: cannot tell, {why}"


# -- model by model ---------------------------------------------------------------------------------------------------


def _models(models: Sequence[Difference]) -> Iterator[str]:
    ranked = sorted((one for one in models if one.sure), key=lambda one: -one.size)
    shown = ranked[: _SHOWN + 1 if len(ranked) == _SHOWN + 1 else _SHOWN]
    yield from map(sentence, shown)
    rest = ranked[len(shown) :]
    if rest:
        counts = [
            f"{_noun(metric)} {word} of {number}"
            for metric in METRICS
            for word, number in (
                (_direction(metric, up=up), sum(one.metric == metric and (one.value > 0) == up for one in rest))
                for up in (True, False)
            )
            if number
        ]
        yield f"and {len(rest):,} smaller differences of models: {', '.join(counts)}"


def _not_found(models: Sequence[Difference], room: int) -> Iterator[str]:
    """One by one if there is room for so many lines, else in one."""
    equal = [one for one in models if one.told and not one.sure]
    if len(equal) <= room:
        yield from map(sentence, equal)
        return
    widths = []
    for metric in METRICS:
        ends = [max(abs(one.low), abs(one.high)) for one in equal if one.metric == metric]
        if ends:
            unit = "points" if metric == "error_rate" else "%"
            widths.append(f"{_noun(metric)} {_number(100 * statistics.median(ends), 0.0)} {unit}")
    names = len({one.model for one in equal})
    models_ = "1 model" if names == 1 else f"{names:,} models"
    yield (
        f"no difference found in {len(equal):,} comparisons of {models_}; what half of them could still hide, at most: "
        f"{', '.join(widths)}"
    )


def _untold(models: Sequence[Difference], room: int) -> Iterator[str]:
    """One by one if there is room for so many lines, else in one."""
    unknown = [one for one in models if not one.told]
    if len(unknown) <= room:
        yield from map(sentence, unknown)
        return
    counts = {metric: [one for one in unknown if one.metric == metric] for metric in METRICS}
    parts = [f"{_noun(metric)} of {_models_called(ones)}" for metric, ones in counts.items() if ones]
    yield f"cannot tell, too few calls, seconds or runs: {', '.join(parts)}"


def _models_called(ones: Sequence[Difference]) -> str:
    return ones[0].model if len(ones) == 1 else f"{len(ones):,} models"


# -- one number -------------------------------------------------------------------------------------------------------


def _noun(metric: Metric) -> str:
    return _NOUNS.get(metric, metric)


def _what(one: Difference) -> str:
    return f"{_noun(one.metric)} of {one.model or _ALL}"


def _direction(metric: Metric, *, up: bool) -> str:
    more, less = _WORDS.get(metric, ("slower", "faster"))
    return more if up else less


def _sure(one: Difference) -> str:
    word = _direction(one.metric, up=one.value > 0)
    if one.metric != "error_rate" and one.value >= _TIMES:
        times = [1 + share for share in (one.value, one.low, one.high)]
        return f"{_times(times[0])} times as much [{_times(times[1])}, {_times(times[2])}], {word}"
    low, high = sorted((abs(one.low), abs(one.high)))
    digits = 100 * min(high - low, 10 * low)  # so many that the nearest end does not look like none
    value, least, most = (_number(100 * share, digits) for share in (abs(one.value), low, high))
    return f"{value} {'points' if one.metric == 'error_rate' else '%'} {word} [{least}, {most}]"


def _within(one: Difference) -> str:
    width = 100 * (one.high - one.low)
    low, high = (_number(100 * share, width, "+") for share in (one.low, one.high))
    return f"[{low}, {high}] points" if one.metric == "error_rate" else f"[{low} %, {high} %]"


def _times(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _number(value: float, width: float, sign: str = "-") -> str:
    """Print with as many digits as an interval of this width leaves sense in; with 0, of the number's own size."""
    scale = width or abs(value)
    places = 0 if scale >= 10 else 1 if scale >= 1 else 2 if scale >= 0.1 else 3
    text = f"{value:{sign}.{places}f}"
    return text if float(text) else text.lstrip("+-")
