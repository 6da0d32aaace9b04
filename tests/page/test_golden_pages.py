"""Pages that the project draws, each for a rule of the picture reader."""

import sys

import numpy as np
import pytest
from conftest import ROOT
from golden_pages import GOLDEN, digit, is_read, paper, scan

from digits.network import predictor
from digits.page import pipeline

sys.path.insert(0, str(ROOT / "benchmarks"))
import reader_rules

RULES = [rule for rule in reader_rules.RULES if rule.page]


@pytest.fixture(scope="module")
def predict(shipped_model):
    return reader_rules.remembering(predictor.load(shipped_model))


@pytest.mark.parametrize("name", GOLDEN, ids=[page.reason for page in GOLDEN.values()])
def test_golden_page(predict, name):
    assert is_read(name, predict)


def test_each_golden_page_has_a_rule():
    assert GOLDEN.keys() == {rule.page for rule in RULES}


def title_of(rule):
    return rule.title if callable(rule.off) else f"{rule.title} {rule.off}"


@pytest.mark.parametrize("rule", RULES, ids=title_of)
def test_golden_page_is_misread_without_its_rule(predict, rule):
    assert not reader_rules.is_golden_page_read(rule, predict)


@pytest.mark.parametrize("label", range(10))
def test_hairline_digit_has_strokes_about_as_wide_as_mnist_s(predict, label):
    def amount_of_ink(pen):
        """Return the ink in the network's input for a digit 300 px high; MNIST's pens have 30."""
        ink = np.pad(digit(label, 300, pen, np.random.default_rng(1)), 40)
        (found,) = pipeline.answer_to_drawing(scan(paper(ink)), predict).digits
        return found.image.sum(dtype=int)

    assert amount_of_ink(pen=1) > 0.65 * amount_of_ink(pen=30)
