"""Pictures that are filed under their true label."""

import pytest

from digits import UserError
from digits.own import filing, labels


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(filing, "FOLDER", tmp_path / "my_digits")
    return tmp_path / "my_digits"


@pytest.fixture
def filed(folder):
    offered = filing.Filing()
    offered.offer("kitchen.jpg", lambda: b"a picture")
    return offered


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    ("label", "name"),
    [("7", "7_kitchen.jpg"), ("007", "007_kitchen.jpg"), ("12/34", "12+34_kitchen.jpg")],
)
def test_picture_is_copied_under_a_name_that_says_its_label(filed, folder, label, name):
    assert filed.file(label) == folder / name
    assert contents(folder) == {name: b"a picture"}
    assert labels.labelled(folder)[0][0].label == label


def test_same_name_of_another_picture_gets_a_number(filed, folder):
    filed.file("7")
    for content in (b"another", b"a third", b"another"):
        filed.offer("kitchen.jpg", lambda content=content: content)
        filed.file("7")
    assert contents(folder) == {
        "7_kitchen.jpg": b"a picture",
        "7_kitchen_2.jpg": b"another",
        "7_kitchen_3.jpg": b"a third",
    }


def test_another_label_for_the_same_picture_takes_the_place_of_the_first(filed, folder):
    filed.file("7")
    filed.file("7")
    filed.file("1")
    assert list(contents(folder)) == ["1_kitchen.jpg"]


def test_picture_that_was_filed_before_stays_when_another_is_filed(filed, folder):
    filed.file("7")
    filed.offer("office.jpg", lambda: b"another")
    filed.file("1")
    assert sorted(contents(folder)) == ["1_office.jpg", "7_kitchen.jpg"]


@pytest.mark.parametrize("label", ["", "seven", "-3", "4.5", "12/", "/4", "../4", "4\0"])
def test_what_is_no_number_is_refused_and_nothing_written(filed, folder, label):
    with pytest.raises(UserError, match="is no number: type its digits"):
        filed.file(label)
    assert not folder.exists()


def test_without_a_picture_there_is_nothing_to_file(folder):
    with pytest.raises(UserError, match="no picture to file"):
        filing.Filing().file("7")
    assert not folder.exists()


def test_folder_that_cannot_be_written_is_a_sentence(filed, folder):
    folder.write_text("a file is in its place")
    with pytest.raises(UserError, match="cannot write"):
        filed.file("7")
