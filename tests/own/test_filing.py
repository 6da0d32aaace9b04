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
    offered.offer("kitchen.jpg", b"a picture")
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
        filed.offer("kitchen.jpg", content)
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


def test_picture_that_is_filed_already_is_corrected(filed, folder):
    filed.file("7")
    filed.offer_file(folder / "7_kitchen.jpg")
    assert filed.file("1") == folder / "1_kitchen.jpg"
    assert contents(folder) == {"1_kitchen.jpg": b"a picture"}


def test_what_cannot_be_read_or_is_not_named_as_a_picture_is_not_offered(folder, tmp_path):
    (tmp_path / "photo").write_bytes(b"a picture without an ending")
    for name in ("photo", "gone.jpg"):
        offered = filing.Filing()
        offered.offer_file(tmp_path / name)
        with pytest.raises(UserError, match="no picture to file"):
            offered.file("7")


def test_picture_is_filed_as_it_was_when_it_was_answered(folder, tmp_path):
    (tmp_path / "scan.jpg").write_bytes(b"a picture")
    offered = filing.Filing()
    offered.offer_file(tmp_path / "scan.jpg")
    (tmp_path / "scan.jpg").unlink()
    offered.file("7")
    assert contents(folder) == {"7_scan.jpg": b"a picture"}


def test_folder_with_a_table_of_its_own_is_left_alone(filed, folder):
    folder.mkdir()
    (folder / "labels.csv").write_text("file,label\na.jpg,7\n")
    with pytest.raises(UserError, match=r"labels\.csv .*add a row"):
        filed.file("7")
    assert [path.name for path in folder.iterdir()] == ["labels.csv"]


def test_picture_that_was_filed_before_stays_when_another_is_filed(filed, folder):
    filed.file("7")
    filed.offer("office.jpg", b"another")
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
