"""Slugs: what a tag or a file's name can hold, and no two alike."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from asyncload.formats.writing.slugs import slugs


def test_a_name_that_fits_is_its_own_slug() -> None:
    """Even if one that does not fit comes first and would have become it."""
    assert slugs(["a b", "a-b", "xgboost-0.tar.gz"]) == ["a-b-2", "a-b", "xgboost-0.tar.gz"]


def test_what_does_not_fit_is_left_out_or_a_hyphen() -> None:
    assert slugs(["models/Größe 1.tar.gz", "a,b", "模型", "..", ""]) == [
        "models-Gro-e-1.tar.gz", "a-b", "model", "model-2", "model-3",
    ]  # fmt: skip


def test_capitals_alone_do_not_tell_two_apart() -> None:
    """For there are file systems that do not, either."""
    assert slugs(["a", "A"]) == ["a", "A-2"]


@given(names=st.lists(st.text(max_size=150), max_size=20, unique=True))
@settings(deadline=None, max_examples=100)
def test_any_names_get_slugs_that_differ(names: list[str]) -> None:
    found = slugs(names)
    assert len({slug.lower() for slug in found}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,110}", slug) for slug in found)
