"""
Colours of the pages: what stands for different things remains apart in every kind of colour vision.

Source:
    Machado, Oliveira and Fernandes, A Physiologically-based Model for Simulation of Color Vision Deficiency, IEEE TVCG
    15 (2009): matrices of severity 1, for linear sRGB. IEC 61966-2-1: sRGB; CIE 15: CIELAB for D65, and the distance of
    1976. Mahy et al. (1994): 2.3 of it is just noticeable.
"""

import re
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import asyncload.live
import asyncload.report.page
from asyncload.report.page.comparison import _dash, _tone

APART = 10.0
STYLE = Path(asyncload.report.page.__file__).parent / "assets" / "style.css"
SCRIPTS = (STYLE.with_name("run.js"), Path(asyncload.live.__file__).parent / "static" / "rows.js")
THEMES = {"light": ":root {", "dark": ':root[data-theme="dark"] {'}
VISIONS = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)


def colors(theme: str) -> dict[str, str]:
    """The variables of style.css, each "#rrggbb"."""
    block = STYLE.read_text().split(THEMES[theme])[1].split("}")[0]
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block))


def lab(color: str, vision: str) -> NDArray[np.float64]:
    """CIELAB of a colour as somebody sees it."""
    encoded = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    x, y, z = XYZ @ np.clip(VISIONS[vision] @ linear, 0, 1) / XYZ.sum(axis=1)
    fx, fy, fz = (np.cbrt(t) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z))
    return np.array([116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)])


def distance(one: str, other: str, vision: str) -> float:
    return float(np.linalg.norm(lab(one, vision) - lab(other, vision)))


def kinds(script: Path) -> dict[str, str]:
    """Tone of each kind of error."""
    return dict(re.findall(r"\b([A-Z_]{4,}): \"(\w+)\"", script.read_text()))


TONES = sorted({*kinds(SCRIPTS[0]).values(), *(_tone(place) for place in range(8))})


def test_the_eye_is_calibrated() -> None:
    """White and grey are so in every vision, published values come out, and who lacks a cone mixes red and green up."""
    for vision in VISIONS:
        assert lab("#ffffff", vision) == pytest.approx([100, 0, 0], abs=0.02)
        assert lab("#777777", vision)[1:] == pytest.approx([0, 0], abs=0.02)
    assert lab("#ff0000", "all cones") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)
    red, green = "#b05a00", "#6f7200"
    assert distance(red, green, "deuteranopia") < APART < 40 < distance(red, green, "all cones")


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", THEMES)
def test_tones_remain_apart(theme: str, vision: str) -> None:
    """Of lines, bars and their patches in the legend: any two, whatever else tells them from each other."""
    found = colors(theme)
    assert len(TONES) == 11
    apart = {(a, b): distance(found[a], found[b], vision) for a, b in combinations(TONES, 2)}
    assert {pair: round(by, 1) for pair, by in apart.items() if by < APART} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_tones_stand_out(theme: str) -> None:
    """From what is behind them: a contrast of 3 at least. WCAG 2.2, 1.4.11."""

    def light(name: str) -> float:
        return float(((lab(colors(theme)[name], "all cones")[0] + 16) / 116) ** 3)

    contrasts = {name: (light(name) + 0.05) / (light("back") + 0.05) for name in TONES}
    assert {name for name, by in contrasts.items() if max(by, 1 / by) < 3} == set()


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("theme", THEMES)
def test_more_calls_are_further_on_the_scale_of_the_heat_map(theme: str, vision: str) -> None:
    """Each step is seen, and goes the same way: darker on light, lighter on dark."""
    found = colors(theme)
    scale = [found[f"heat-{place}"] for place in range(5)]
    assert all(distance(low, high, vision) >= APART for low, high in pairwise(scale))
    steps = [lab(high, vision)[0] - lab(low, vision)[0] for low, high in pairwise(scale)]
    assert all(step < 0 for step in steps) if theme == "light" else all(step > 0 for step in steps)


def test_kinds_of_errors_have_one_colour_each_on_every_page() -> None:
    shown, live = map(kinds, SCRIPTS)
    assert shown == live
    assert len(set(shown.values())) == len(shown) == 11


def test_sources_of_a_comparison_differ_by_tone_or_dash() -> None:
    """Those that lie over each other differ by both, up to the fourth."""
    assert len({(_tone(place), _dash(place)) for place in range(32)}) == 32
    assert len({_tone(place) for place in range(4)}) == len({_dash(place) for place in range(4)}) == 4
