"""Formats of others, over generated results: the sample itself, numpy and the hdrhistogram package are the oracles."""

import csv
import json
import math
from base64 import b64decode, b64encode
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogWriter
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.errors import StoreError
from asyncload.formats.bins import QUANTILES
from asyncload.formats.hdr import decode
from asyncload.formats.hgrm import read_hgrm
from asyncload.formats.hlog import read_hlog
from asyncload.formats.reading import Latency, Reading
from asyncload.formats.sniff import open_any
from asyncload.formats.vegeta import read_csv, read_json_lines
from asyncload.histogram import HIGHEST_US

few = partial(settings, deadline=None)
NS_PER_MS = 1_000_000

latencies_ns = st.one_of(
    st.integers(0, 3_000), st.integers(0, 10**8), st.integers(10**6, 10**7), st.integers(0, HIGHEST_US * 1000)
)
samples_ns = st.lists(latencies_ns, min_size=1, max_size=200)
geometries = st.tuples(st.sampled_from([1, 2, 1000, 5000]), st.integers(1, 5))
"""Lowest value and digits."""


def recorded(sample_ns: Sequence[int], geometry: tuple[int, int] = (1, 3)) -> HdrHistogram:
    lowest, digits = geometry
    histogram = HdrHistogram(lowest, HIGHEST_US * 1000, digits)
    for value in sample_ns:
        assert histogram.record_value(value)
    return histogram


def read(text: str | bytes, reader: "partial[Reading]") -> Reading:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return reader(path)


def ranked(sample: Sequence[int], q: float) -> int:
    """The value of rank ceil(q * n), at least 1, by nothing but sorting."""
    rank = max(1, math.ceil(round(q * len(sample), 9)))
    return sorted(sample)[rank - 1]


def holds(latency: Latency, sample_ns: Sequence[int], slack_ms: float) -> None:
    """Every percentile lies in the range that is stated for it, and is its upper end or inside."""
    assert set(latency.within_ms) <= set(latency.percentiles_ms)
    for q, value_ms in latency.percentiles_ms.items():
        low, high = latency.within_ms[q]
        assert low - slack_ms <= ranked(sample_ns, q) / NS_PER_MS <= high + slack_ms
        assert low <= value_ms <= high


@given(sample=samples_ns, geometry=geometries)
@few(max_examples=60)
def test_an_encoding_has_every_value_in_a_bin_that_holds_it(sample: list[int], geometry: tuple[int, int]) -> None:
    """Of any precision and lowest value; the bins are those of the other implementation."""
    histogram = recorded(sample, geometry)
    read_back = decode(b64decode(histogram.encode()))
    assert read_back.counts.sum() == len(sample)
    for low, high, count in zip(
        *(getattr(read_back, each).tolist() for each in ("low", "high", "counts")), strict=True
    ):
        assert sum(low <= value <= high for value in sample) == count
        assert histogram.get_highest_equivalent_value(low) == high
        assert histogram.get_lowest_equivalent_value(high) == low


@given(intervals=st.lists(samples_ns, min_size=1, max_size=6), geometry=geometries)
@few(max_examples=40)
def test_a_log_of_the_other_implementation_holds_its_sample(
    intervals: list[list[int]], geometry: tuple[int, int]
) -> None:
    """Its writer cuts Interval_Max to whole milliseconds; where there are any, the unit is told nevertheless."""
    log = StringIO()
    writer = HistogramLogWriter(log)
    writer.output_log_format_version()
    writer.output_legend()
    for second, sample in enumerate(intervals):
        writer.output_interval_histogram(recorded(sample, geometry), 1000.0 + second, 1001.0 + second)
    whole = [value for sample in intervals for value in sample]
    reading = read(log.getvalue(), partial(read_hlog, unit=None if max(whole) > 10 * NS_PER_MS else "ns"))
    assert reading.total.requests == len(whole)
    assert reading.total.rate_per_s == pytest.approx(len(whole) / len(intervals))
    holds(reading.total.latency["sent"], whole, 0)


@given(
    sample_us=st.lists(st.one_of(st.integers(0, 3_000), st.integers(0, 10**6)), min_size=1, max_size=200),
    ticks=st.integers(1, 20),
    form=st.sampled_from(["text", "csv"]),
    digits=st.integers(1, 3),
)
@few(max_examples=60)
def test_a_distribution_of_the_other_implementation_bounds_its_sample(
    sample_us: list[int], ticks: int, form: str, digits: int
) -> None:
    """However few lines it has: what no line tells keeps bounds, and the sample is inside them."""
    # The package walks through all slots in Python, so there are no more of them than the sample needs.
    histogram = HdrHistogram(1, 2 * 10**6, digits)
    for value in sample_us:
        histogram.record_value(value)
    out = BytesIO()
    histogram.output_percentile_distribution(out, 1000, ticks, form == "csv")
    total = read(out.getvalue(), partial(read_hgrm)).total
    assert total.requests == len(sample_us)
    assert set(total.latency["sent"].percentiles_ms) == set(QUANTILES)
    # The values are printed with as many digits behind the point as they have significant ones.
    holds(total.latency["sent"], [1000 * value for value in sample_us], 0.5 * 10.0**-digits)


calls = st.tuples(
    st.integers(0, 10**11), st.sampled_from([0, 200, 204, 301, 399, 400, 429, 500]), latencies_ns,
    st.sampled_from(["", "a", "b"]), st.sampled_from(["x", "y"]), st.text(max_size=12),
)  # fmt: skip


@given(results=st.lists(calls, min_size=1, max_size=120))
@few(max_examples=60)
def test_percentiles_of_vegetas_lines_are_those_of_the_sorted_latencies(
    results: list[tuple[int, int, int, str, str, str]],
) -> None:
    """By numpy's nearest rank, within the resolution; CSV and JSON are the same reading; rows add up to the total."""
    start_ns = 1_795_460_000_000_000_000
    lines = StringIO(newline="")
    writer = csv.writer(lines, lineterminator="\n")
    objects = []
    for seq, (at_ns, code, latency_ns, attack, path, error) in enumerate(results):
        text = error.replace("\r", "").replace("\0", "").encode(errors="replace").decode()
        body = b64encode(text.encode()).decode()
        url = f"http://127.0.0.1/{path}"
        writer.writerow([start_ns + at_ns, code, latency_ns, 1, 2, text, body, attack, seq, "POST", url, ""])
        seconds, rest_ns = divmod(start_ns + at_ns, 10**9)
        stamp = f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest_ns:09}Z"
        objects.append(
            {
                "attack": attack, "seq": seq, "code": code, "timestamp": stamp, "latency": latency_ns, "bytes_out": 1,
                "bytes_in": 2, "error": text, "body": body, "method": "POST", "url": url, "headers": None,
            }
        )  # fmt: skip
    reading = read(lines.getvalue(), partial(read_csv))
    other = read("".join(json.dumps(each, separators=(",", ":")) + "\n" for each in objects), partial(read_json_lines))
    values = np.array([latency_ns for _, _, latency_ns, *_ in results])
    latency = reading.total.latency["sent"]
    for q in QUANTILES:
        exact_ms = float(np.quantile(values, q, method="inverted_cdf")) / NS_PER_MS
        assert latency.percentiles_ms[q] == pytest.approx(exact_ms, rel=1 / 1024, abs=0.001)
    assert latency.mean_ms == pytest.approx(values.mean() / NS_PER_MS)
    assert latency.most_ms == values.max() / NS_PER_MS
    assert reading.total.failures == sum(not 200 <= code < 400 for _, code, *_ in results)
    assert sum(row.requests or 0 for row in reading.rows) == len(results)
    assert [row.latency for row in other.rows] == [row.latency for row in reading.rows]
    assert [(row.name, row.requests, row.failures) for row in other.rows] == [
        (row.name, row.requests, row.failures) for row in reading.rows
    ]


HEADS = (
    b"",
    b"{",
    b"[",
    b'{"attack":',
    b'{"root_group": {}, "metrics": {',
    b'{"results": {"metrics": []}, "version": "1"',
    b"#[Histogram log format version 1.3]\n",
    b"Tag=a,0.0,1.0,1.0,HISTFAAA",
    b"Type,Name,Request Count,Failure Count\n",
    b"Value Percentile TotalCount 1/(1-Percentile)\n",
    b"1795460000000000000,200,1,2,3,",
    b'{"latencies": {}, "status_codes": {}, "requests": 1}',
    b'{"schema": "asyncload.result/1"',
)


@given(head=st.sampled_from(HEADS), rest=st.one_of(st.binary(max_size=80), st.text(max_size=80).map(str.encode)))
@few(max_examples=300)
def test_any_file_is_a_reading_or_an_error(head: bytes, rest: bytes) -> None:
    """Nothing but StoreError leaves the readers, whatever a file begins with."""
    with suppress(StoreError):
        assert read(head + rest, partial(open_any)).total
