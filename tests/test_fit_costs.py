"""The script that fits the reader's costs."""

import sys

import numpy as np
import pytest
from conftest import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))
import fit_costs
from scenes.rows import SHARES

from digits.page import lattice
from digits.page.answers import Digit
from digits.page.lattice import Candidate, Lattice, Omission
from digits.page.segments import Segment


def digit(label, confidence):
    probabilities = np.full(10, (1 - confidence) / 9, np.float32)
    probabilities[label] = confidence
    return Digit(None, (0, 0, 20, 40), probabilities)


@pytest.fixture
def gap():
    """A row of two parts with a gap of a tenth of the height: 11, or, more surely, 4."""
    segments = [Segment((n,), (20 * n, 0, 20 * n + 10, 40)) for n in range(2)]
    whole = Segment((0, 1), (0, 0, 30, 40))
    lone = [Candidate(n, n + 1, each, 0.0, 0.0) for n, each in enumerate(segments)]
    digits = [digit(1, 0.82), digit(1, 0.82), digit(4, 0.91)]
    omissions = [Omission(n, n + 1, 0.0, 1.0, 0.0) for n in range(2)]
    lattice = Lattice(omissions, [*lone, Candidate(0, 2, whole, 0.1, 0.0)], digits)
    return fit_costs.DrawnRow("gap", "4", lattice)


COSTS = {"CONFIDENCE_WEIGHT": 1.0, "GAP_COST": 5.0}


def test_a_likelihood_is_that_of_the_text_among_all_ways_to_read_the_row(gap):
    (result,) = fit_costs.results_of([gap], COSTS)
    four, eleven = 0.9 * np.exp(-0.5), 0.8**2  # 0.91 and 0.82, less the even share
    assert result.likelihood == pytest.approx(four / (four + eleven), abs=1e-5)
    assert not result.is_right and result.confidence == pytest.approx(1 - result.likelihood)


def test_a_text_that_is_no_path_has_what_the_confidence_leaves(gap):
    (result,) = fit_costs.results_of([gap._replace(text="7")], COSTS)
    assert result.likelihood == pytest.approx(1 - result.confidence)


def test_the_reader_keeps_its_costs(gap):
    before = {name: getattr(lattice, name) for name in fit_costs.COSTS}
    fit_costs.results_of([gap], dict.fromkeys(fit_costs.COSTS, 9.0))
    assert {name: getattr(lattice, name) for name in fit_costs.COSTS} == before


def test_the_fitted_costs_are_those_of_most_goodness():
    best = {"a": 0.2, "b": 7.0}
    found = fit_costs.fitted(
        {"a": 1.0, "b": 1.0},
        lambda costs: -sum(np.log(costs[name] / best[name]) ** 2 for name in best),
    )
    assert found == pytest.approx(best, rel=0.1)


def test_a_cost_that_does_not_matter_stays():
    assert fit_costs.fitted({"a": 3.0}, lambda costs: -1.0) == {"a": 3.0}


@pytest.mark.parametrize("scene", SHARES, ids=lambda scene: scene.__name__)
def test_a_scene_is_one_row_with_its_text(scene):
    image, text, _ = scene(np.random.default_rng(3), None)
    assert text.isdecimal() and min(image.size) >= 20
