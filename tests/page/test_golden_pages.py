"""Pages that the project draws, each for a rule of the picture reader."""

import sys

import pytest
from conftest import ROOT
from golden_pages import GOLDEN, is_read

from digits.network import model_file

sys.path.insert(0, str(ROOT / "benchmarks"))
import reader_rules

RULES = [rule for rule in reader_rules.RULES if rule.page]


@pytest.fixture(scope="module")
def predict(shipped_model):
    return reader_rules.remembering(model_file.predictor(shipped_model))


@pytest.mark.parametrize("name", GOLDEN, ids=[page.reason for page in GOLDEN.values()])
def test_golden_page(predict, name):
    assert is_read(name, predict)


def test_each_golden_page_has_a_rule():
    assert GOLDEN.keys() == {rule.page for rule in RULES}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.title} {rule.off}")
def test_golden_page_is_misread_without_its_rule(predict, rule):
    assert not reader_rules.is_golden_page_read(rule, predict)
