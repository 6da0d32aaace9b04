"""Which labelled pictures are read right, and what images of digits they hold."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image

from digits import UserError
from digits.network import predictor
from digits.own import figures, report, results
from digits.own.labels import Labelled
from digits.page.answers import Answer, Digit, Row, status_of


def result(label, *rows, confidence=0.99, marks=(), name="a.png"):
    """Return a `Result` of a label and of an answer with these rows of digits."""
    found = [Row([digit(int(each), confidence) for each in row], marks) for row in rows]
    status = status_of(found) if found else "no-digit"
    error = None if found else "no digit found: a blank page"
    picture = Labelled(Path(name), label, "one digit")
    return results.Result(picture, Answer("a.png", status, rows=found, error=error))


def digit(predicted, confidence):
    probabilities = np.full(10, (1 - confidence) / 9)
    probabilities[predicted] = confidence
    return Digit(np.full((28, 28), predicted, np.uint8), (0, 0, 9, 9), probabilities)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (result("7", "7"), "right"),
        (result("12/34", "12", "34"), "right"),
        (result("7", "1"), "wrong"),
        (result("1234", "12", "34"), "wrong"),
        (result("7", "7", confidence=0.5), "not sure"),
        (result("7"), "not sure"),
        (result(""), "right"),
        (result("", "7"), "wrong"),
        (result("", "7", confidence=0.5), "not sure"),
    ],
)
def test_verdict(found, verdict):
    assert found.verdict == verdict


def test_digits_count_in_the_confusion_matrix_where_their_number_is_right():
    found = [
        result("7", "1"),
        result("47", "47"),
        result("12/3", "12", "8"),
        result("9", "99"),
        result("12", "1", "2"),
        result("", "5"),
    ]
    confusion = results.confusion_matrix(found)
    expected = {(7, 1): 1, (4, 4): 1, (7, 7): 1, (1, 1): 1, (2, 2): 1, (3, 8): 1}
    assert {tuple(each): confusion[tuple(each)] for each in np.argwhere(confusion)} == expected


def test_label_looks_wrong_where_another_number_of_as_many_digits_is_read_with_confidence():
    assert result("3", "8").has_likely_label_error
    assert not result("3", "8", confidence=0.9).has_likely_label_error
    assert not result("3", "38").has_likely_label_error
    assert not result("3", "3").has_likely_label_error
    assert not result("", "8").has_likely_label_error


def test_text_counts_by_kind_and_names_each_miss():
    found = [result("7", "7"), result("7", "1"), result("7", "7", confidence=0.4)]
    found.append(results.Result(Labelled(ROOT / "b.png", "", "no digit"), result("").answer))
    lines = report.as_text({"net": found}).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["pictures", "right", "wrong", "not", "sure", "accuracy"],
        ["all", "4", "2", "1", "1", "50.00", "%"],
        ["one", "digit", "3", "1", "1", "1", "33.33", "%"],
        ["no", "digit", "1", "1", "0", "0", "100.00", "%"],
    ]
    assert any(line.split()[:2] == ["7", "100.00"] and "1 (1)" in line for line in lines)
    misses = lines[lines.index("misses") + 1 :]
    assert "a.png: 7, read as 1 (99.0 %)" in misses[0]
    assert "a.png: 7, not sure: 7 (40 %) or" in misses[1]
    assert len(misses) == 2


def test_json_has_the_counts_the_confusion_and_each_miss():
    found = json.loads(report.as_json({"net": [result("7", "7"), result("7", "1")]}))
    assert (found["pictures"], found["right"], found["wrong"], found["not_sure"]) == (2, 1, 1, 0)
    assert found["confusion"][7][1] == found["confusion"][7][7] == 1
    (miss,) = found["misses"]
    assert (miss["label"], miss["verdict"], miss["text"]) == ("7", "wrong", "1")


def test_several_models_have_a_table_each():
    found = {"one": [result("7", "7")], "other": [result("7", "1")]}
    text = report.as_text(found)
    assert text.index("one\n") < text.index("other\n") and text.count("pictures") == 2
    assert list(json.loads(report.as_json(found))["models"]) == ["one", "other"]


def test_report_of_a_training_counts_before_and_after_and_names_label_errors():
    before, after = [result("7", "1"), result("3", "8")], [result("7", "7"), result("3", "8")]
    own = {"validation_misses_before": 2}
    record = {"validation_images": 1_000, "validation_misses": 3, "own": own}
    assert report.of_teaching(before, after, record).splitlines() == [
        "your pictures        0 of 2 right before, 1 after (leave-one-out)",
        "validation accuracy  99.80 % before, after 99.70 %, 3 wrong of 1,000",
        "possible label errors",
        f"{after[1].picture.path.name}: 3, read as 8 (99.0 %)",
    ]


@pytest.fixture
def predict(shipped_model):
    return predictor.load(shipped_model)


def test_pictures_are_read_and_those_that_cannot_be_are_said(tmp_path, capsys, predict):
    shutil.copy(ROOT / "examples" / "pencil_7.jpg", tmp_path / "7_a.jpg")
    shutil.copy(ROOT / "examples" / "chalk_3.jpg", tmp_path / "8_b.jpg")
    (tmp_path / "5_c.png").write_bytes(b"no picture")
    Image.new("L", (9, 9)).save(tmp_path / "IMG_1.png")
    found = results.of_folder(tmp_path, predict)
    assert [(each.label, each.verdict) for each in found] == [("7", "right"), ("8", "wrong")]
    assert all(each.answer.image is None for each in found), "memory for thousands"
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2 and "IMG_1.png" in said[0] and "5_c.png" in said[1]


def test_folder_of_which_nothing_can_be_read_is_refused(tmp_path, predict):
    (tmp_path / "5_c.png").write_bytes(b"no picture")
    with pytest.raises(UserError, match="can be read"):
        results.of_folder(tmp_path, predict)


def test_figures_show_the_confusion_and_the_misses(tmp_path, predict):
    shutil.copy(ROOT / "examples" / "pencil_7.jpg", tmp_path / "7_a.jpg")
    right = results.of_folder(tmp_path, predict)
    assert list(figures.of(right, predict)) == ["own_confusion_matrix"]
    shutil.copy(ROOT / "examples" / "chalk_3.jpg", tmp_path / "8_b.jpg")
    drawn = figures.of(results.of_folder(tmp_path, predict), predict)
    assert list(drawn) == ["own_confusion_matrix", "own_misses"]
    picture, seen, *others = drawn["own_misses"].axes
    assert picture.get_title() == "is 8" and seen.get_title() == "3"
    assert not any(ax.images for ax in others)
