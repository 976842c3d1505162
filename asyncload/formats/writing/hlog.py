"""
Interval logs of HdrHistogram (`.hlog`, version 1.3): a line per second and model, its name as a tag.

    #[Histogram log format version 1.3]
    #[StartTime: 1795000000.250 (seconds since epoch), 2026-11-18T11:06:40Z]
    #[BaseTime: 1795000000.250 (seconds since epoch)]
    "StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"
    Tag=xgboost-0.tar.gz,0.000,1.000,7.611,HISTFAAAA...

Histograms are ours as they are, in microseconds, so no count moves; Interval_Max is in milliseconds. Lines are relative
to BaseTime, which is the plan's zero.

Source:
    HdrHistogram (Java) 2.2: HistogramLogWriter, AbstractHistogram.encodeIntoCompressedByteBuffer.
"""

import json
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import numpy as np

from asyncload.formats.locust.clock import Clock
from asyncload.formats.reading import Since
from asyncload.formats.recording import Recording
from asyncload.formats.writing.slugs import slugs
from asyncload.histogram import Histogram, encode_groups, highest_us
from asyncload.result import ModelResult

_COOKIE: Final = 0x1C849304 | 0x10
_HEAD: Final = struct.Struct(">ii")
"""Cookie, and length of what is compressed behind it."""
_S: Final = 1_000_000_000


def interval_log(recording: Recording, since: Since) -> Iterator[str]:
    """
    Write a log of the measured phases; without a history it has one interval for each model, which is all of them.

    Args:
        recording: The run.
        since: Whether response times are logged, from when a call was due, or service times, from when it was sent.
    """
    models = recording.result.models
    names = slugs([model.name for model in models])
    yield from _head(recording, since)
    for name, model in zip(names, models, strict=True):
        if name != model.name:
            yield f"#[Tag {name}: {json.dumps(model.name)}]\n"
    yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
    for begin_s, length_s, targets in _intervals(recording):
        yield from _lines(f"{begin_s:.3f},{length_s:.3f}", names, _timed(targets, since))


def _head(recording: Recording, since: Since) -> Iterator[str]:
    zero_s = recording.result.health.started_unix_ns / _S
    moment = datetime.fromtimestamp(zero_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    yield "#[Logged by asyncload]\n"
    yield "#[Histogram log format version 1.3]\n"
    yield f"#[StartTime: {zero_s:.3f} (seconds since epoch), {moment}]\n"
    yield f"#[BaseTime: {zero_s:.3f} (seconds since epoch)]\n"
    yield f"#[Values are microseconds from when a call was {since}; Interval_Max is in milliseconds]\n"


def _intervals(recording: Recording) -> Iterator[tuple[float, float, Mapping[int, ModelResult]]]:
    """Begin and length in seconds, with the targets by their index."""
    clock = Clock(recording)
    if recording.history is not None:
        for second, targets in clock.seconds():
            yield second, 1, targets
        return
    begin_s = clock.start_s - recording.result.health.started_unix_ns / _S
    yield begin_s, clock.end_s - clock.start_s, dict(enumerate(recording.result.models))


def _timed(targets: Mapping[int, ModelResult], since: Since) -> dict[int, Histogram]:
    """Histograms of the targets that have a value in them."""
    chosen = {i: model.response if since == "due" else model.service for i, model in targets.items()}
    return {i: histogram for i, histogram in chosen.items() if histogram.count}


def _lines(times: str, names: Sequence[str], timed: Mapping[int, Histogram]) -> Iterator[str]:
    for (i, histogram), packed in zip(timed.items(), _packed(list(timed.values())), strict=True):
        most_ms = highest_us(histogram.slots[-1:])[0] / 1000
        yield f"Tag={names[i]},{times},{most_ms:.3f},{packed}\n"


def _packed(histograms: Sequence[Histogram]) -> Iterator[str]:
    """Encodings, compressed and in base64; all are encoded at once, which takes a tenth of the time."""
    if not histograms:
        return
    slots, counts = ([getattr(each, name) for each in histograms] for name in ("slots", "counts"))
    groups = np.repeat(np.arange(len(histograms)), [each.size for each in slots])
    for blob in encode_groups(groups, np.concatenate(slots), np.concatenate(counts), len(histograms)):
        deflated = zlib.compress(blob)
        yield b64encode(_HEAD.pack(_COOKIE, len(deflated)) + deflated).decode()
