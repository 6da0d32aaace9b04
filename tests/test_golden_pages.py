"""Pages that the project draws, each for a rule of the picture reader."""

import sys

import pytest
from conftest import ROOT
from golden_pages import GOLDEN, drawn, read_text

from digits import model_file

sys.path.insert(0, str(ROOT / "tools"))
import reader_rules


@pytest.fixture(scope="module")
def predict(shipped_model):
    return reader_rules.remembering(model_file.predictor(shipped_model))


@pytest.mark.parametrize("name", GOLDEN, ids=[page.reason for page in GOLDEN.values()])
def test_golden_page(predict, name):
    assert read_text(drawn(name), predict) == GOLDEN[name].text


RULES = [change for change in reader_rules.all_changes() if change.needs]


@pytest.mark.parametrize("change", RULES, ids=[f"{each.rule.name} {each.value}" for each in RULES])
def test_page_is_misread_without_its_rule(predict, change):
    with reader_rules.changed(change):
        assert read_text(drawn(change.needs), predict) != GOLDEN[change.needs].text
