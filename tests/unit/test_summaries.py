"""Many histograms at once: what each says by itself."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.histogram import HIGHEST_US, Histogram
from asyncload.statistics.summaries import summaries_us

QUANTILES = (0.0, 0.07, 0.5, 0.9, 0.99, 0.999, 1.0)
values_us = st.one_of(st.integers(0, 5_000), st.integers(0, HIGHEST_US))


@given(samples=st.lists(st.lists(values_us, max_size=30), max_size=12))
@settings(deadline=None, max_examples=100)
def test_each_row_is_what_the_histogram_says_itself(samples: list[list[int]]) -> None:
    """Empty ones between others, too; none at all is no row."""
    histograms = [Histogram.of_us(np.array(sample, np.int64)) for sample in samples]
    found = summaries_us(histograms, QUANTILES)
    assert found.shape == (len(samples), len(QUANTILES) + 1)
    for row, histogram in zip(found, histograms, strict=True):
        assert np.array_equal(row[:-1], histogram.quantiles_us(QUANTILES), equal_nan=True)
        assert np.isclose(row[-1], histogram.mean_us(), rtol=1e-12, equal_nan=True)
