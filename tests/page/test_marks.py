"""Signs in a number: read, named, or told from dirt."""

import numpy as np
import pytest
from conftest import printed_digit
from golden_pages import blank, dot_of, line, paper, photo, put
from PIL import Image

from digits.network import predictor
from digits.page import pipeline
from digits.page.answers import Answer, Digit, Mark, Row, status_of


@pytest.fixture(scope="module")
def predict(shipped_model):
    return predictor.load(shipped_model)


def printed(text, *signs, gap=30, size=(240, 560)):
    """Return a PIL page with printed digits, 84 px high, and signs: ink, digits before it, top."""
    random, ink, lefts = np.random.default_rng(4), blank(*size), [90]
    for digit in text:
        large = Image.fromarray(printed_digit(int(digit), random)).resize((118, 118))
        columns = np.flatnonzero((np.asarray(large) > 60).any(axis=0))
        rows = np.flatnonzero((np.asarray(large) > 60).any(axis=1))
        cut = np.asarray(large)[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        put(ink, cut / np.float32(255), lefts[-1], 160 - len(cut))
        lefts.append(lefts[-1] + cut.shape[1] + gap)
    for sign, before, top in signs:
        put(ink, sign, lefts[before] - (gap + sign.shape[1]) / 2, top)
    return photo(paper(ink), random)


MINUS = line([0, 0], [34, 0], pen=10)
SIGNS = {
    "-35": printed("35", (MINUS, 0, 114), gap=40),
    "3.5": printed("35", (dot_of(10), 1, 148)),
    "3,5": printed("35", (line([6, 0], [6, 8], [0, 22], pen=10), 1, 144)),
    "3/8": printed("38", (line([48, 0], [0, 110], pen=10), 1, 62), gap=80),
    "20-48": printed("2048", (MINUS, 2, 114), gap=50),
}


@pytest.mark.parametrize("written", SIGNS)
def test_number_is_said_as_it_is_written(predict, written):
    answer = pipeline.answer_to_image(SIGNS[written], predict)
    assert answer.written == written
    assert answer.text == "".join(filter(str.isdigit, written))
    assert answer.as_json()["written"] == written
    assert len(answer.as_json()["marks"]) == 1


@pytest.mark.parametrize("text", ["35", "2048", "44", "906"])
def test_plain_number_has_no_marks(predict, text):
    answer = pipeline.answer_to_image(printed(text), predict)
    assert (answer.written, answer.marks) == (text, [])


def test_box_of_a_mark_is_in_pixels_of_the_file(predict):
    large = SIGNS["3.5"].resize((2240, 960))
    (mark,) = pipeline.answer_to_image(large, predict).marks
    left, top, right, bottom = mark.box
    (first, second) = pipeline.answer_to_image(large, predict).digits
    assert first.box[2] < left < right < second.box[0] and top > (first.box[1] + first.box[3]) / 2
    assert 40 < right - left < 80 and 40 < bottom - top < 80


def row(text, *marks, **more):
    """Return a row of digits, each ten pixels wide, from the left."""
    image, digits = np.zeros((28, 28), np.uint8), []
    for n, digit in enumerate(text):
        probabilities = np.full(10, 0.01, np.float32)
        probabilities[int(digit)] = 0.91
        digits.append(Digit(image, (20 * n, 0, 20 * n + 10, 20), probabilities))
    return Row(digits, marks, **more)


def mark(kind, confidence, after):
    """Return a mark behind so many digits."""
    left = 20 * after - 7
    return Mark(kind, (left, 10, left + 4, 14), confidence)


def words(*rows):
    return Answer("bill.jpg", status_of(rows), rows=list(rows)).words


def test_sure_signs_are_written_and_the_least_confidence_is_told():
    assert words(row("35", mark("minus", 0.9, 0), mark("point", 0.8, 1))) == "-3.5 (80.0 %)"
    assert words(row("12052024", mark("slash", 0.95, 2), mark("slash", 0.97, 4))) == (
        "12/05/2024 (91.0 %)"
    )


def test_rows_are_told_from_a_written_slash():
    first, second = row("12"), row("34", mark("slash", 0.95, 1))
    assert words(first, second) == "12 / 3/4 (91.0 %)"
    assert words(first, row("34")) == "12/34 (91.0 %)"


@pytest.mark.parametrize(
    ("doubtful", "where"),
    [
        (mark("point", 0.5, 1), "between 3 and 5 that may be a point"),
        (mark("minus", 0.4, 0), "before 3 that may be a minus"),
        (mark("other", 0.9, 2), "after 5 that is no digit"),
        (mark("colon", 0.9, 1), "between 3 and 5 that may be a colon"),
    ],
)
def test_doubtful_mark_is_named_with_its_place(doubtful, where):
    assert words(row("35", doubtful)) == f"not sure: 35, with a mark {where}"


def test_row_that_may_be_cut_otherwise_is_not_sure():
    doubtful = row("11", probability=0.52, rival="4")
    assert words(doubtful) == "not sure: 11 (52 %) or 4 (at most 48 %)"
    assert words(row("7"), doubtful) == "not sure: 7/11, its 11 (52 %) may be 4 (at most 48 %)"
    assert words(row("11", probability=0.7, rival="4")) == "11 (70.0 %)"


def test_marks_are_in_the_json():
    answer = Answer("a.png", "ok", rows=[row("35", mark("point", 0.8, 1))]).as_json()
    assert (answer["text"], answer["written"]) == ("35", "3.5")
    assert answer["confidence"] == 0.8
    assert answer["marks"] == [{"kind": "point", "box": [13, 10, 17, 14], "confidence": 0.8}]
    plain = Answer("a.png", "ok", rows=[row("35")]).as_json()
    assert (plain["written"], plain["marks"]) == ("35", [])
