"""What a network can learn from labelled pictures."""

import shutil

import numpy as np
import pytest
from conftest import ROOT
from PIL import Image, ImageDraw

from digits import UserError
from digits.network import predictor
from digits.own import lessons
from digits.own.lessons import Lesson
from digits.page import pipeline

EXAMPLES = ROOT / "examples"


@pytest.fixture
def predict(shipped_model):
    return predictor.load(shipped_model)


def copy(folder, **names):
    """Copy examples to a folder, each as the name that is given for it."""
    for example, name in names.items():
        (source,) = EXAMPLES.glob(f"{example}.*")
        shutil.copy(source, folder / f"{name}{source.suffix}")


def test_row_gives_an_image_for_each_digit_in_the_order_of_the_label(tmp_path, predict):
    copy(tmp_path, notes="7258+43_a", pencil_7="9_b")
    row, single = lessons.lessons_of(tmp_path, predict)
    answer = pipeline.answer_to_picture(tmp_path / "7258+43_a.jpg", predict)
    assert row.labels.tolist() == [7, 2, 5, 8, 4, 3]
    np.testing.assert_array_equal(row.images, [digit.image for digit in answer.digits])
    assert single.labels.tolist() == [9], "the label is believed, not the answer"
    assert single.images.dtype == single.labels.dtype == np.uint8


def test_digits_in_another_number_are_not_used_and_said(tmp_path, predict, capsys):
    copy(tmp_path, notes="12_a", pencil_7="7_b")
    row, single = lessons.lessons_of(tmp_path, predict)
    assert len(row.images) == 0 and len(single.images) == 1
    (said,) = capsys.readouterr().err.splitlines()
    assert "12_a.jpg: not used, it is read as 7258/43, but labelled 12: the lengths" in said


def test_page_of_digits_is_not_taken_for_a_single_one(tmp_path, predict, capsys):
    copy(tmp_path, notes="7_a", pencil_7="7_b")
    page, _ = lessons.lessons_of(tmp_path, predict)
    assert len(page.images) == 0
    assert "7_a.jpg: not used, it is read as 7258/43, but labelled 7" in capsys.readouterr().err


def test_single_digit_that_is_read_as_several_is_all_of_the_ink(tmp_path, predict):
    page = Image.new("L", (200, 200), 255)
    for x in (60, 130):  # two strokes, read as 11
        ImageDraw.Draw(page).line((x, 40, x, 160), fill=0, width=14)
    page.save(tmp_path / "4_a.png")
    assert pipeline.answer_to_picture(tmp_path / "4_a.png", predict).text == "11"
    (only,) = lessons.lessons_of(tmp_path, predict)
    assert only.labels.tolist() == [4]
    columns = only.images[0].max(axis=0) > 128
    assert np.diff(columns.astype(int)).tolist().count(1) == 2, "both strokes are in the image"


def test_picture_with_an_empty_label_is_not_used_and_said(tmp_path, predict, capsys):
    copy(tmp_path, pencil_7="a", chalk_3="b")
    (tmp_path / "labels.csv").write_text("file,label\na.jpg,\nb.jpg,3\n")
    (only,) = lessons.lessons_of(tmp_path, predict)
    assert only.labels.tolist() == [3]
    assert "a.jpg: not used, its label is empty" in capsys.readouterr().err


def test_folder_of_which_nothing_can_be_used_is_refused(tmp_path, predict, capsys):
    Image.new("L", (99, 99), 255).save(tmp_path / "7_blank.png")
    with pytest.raises(UserError, match="can be used"):
        lessons.lessons_of(tmp_path, predict)
    assert "7_blank.png: not used, no digit found: the page looks blank" in capsys.readouterr().err


def of_labels(*labels):
    """Return a `Lesson` of images that are filled with their label."""
    labels = np.array(labels, np.uint8)
    return Lesson(None, np.full((len(labels), 28, 28), labels[:, np.newaxis, np.newaxis]), labels)


def test_data_are_all_digits_in_random_order():
    data = lessons.as_data([of_labels(*range(10)), of_labels(3), of_labels(*range(10))])
    assert sorted(data.labels) == sorted([*range(10), 3, *range(10)])
    assert (data.images == data.labels[:, np.newaxis, np.newaxis]).all()
    assert data.labels.tolist() != [*range(10), 3, *range(10)], "the last would be for validation"


def test_data_without_a_digit_are_refused():
    with pytest.raises(UserError, match=r"no usable picture of 0, 9: .*--own"):
        lessons.as_data([of_labels(*range(1, 9))])
