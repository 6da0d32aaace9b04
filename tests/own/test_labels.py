"""Where the labels of a folder of pictures come from."""

import pytest
from PIL import Image

from digits import UserError
from digits.own import labels


def put(folder, *names):
    """Save a small picture under each name."""
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 255).save(folder / name)


def by_name(folder, column=None):
    """Return the labels, and the kinds, of the pictures that have one, by the file's name."""
    found, _ = labels.labelled(folder, column)
    return {each.path.relative_to(folder).as_posix(): (each.label, each.kind) for each in found}


def test_names_begin_with_the_label_and_an_underscore(tmp_path):
    put(tmp_path, "7_kitchen.jpg", "90210_envelope.jpg", "12+34_rows.png", "0_1.png")
    assert by_name(tmp_path) == {
        "7_kitchen.jpg": ("7", "one digit"),
        "90210_envelope.jpg": ("90210", "several digits"),
        "12+34_rows.png": ("12/34", "several digits"),
        "0_1.png": ("0", "one digit"),
    }


def test_subfolders_are_named_after_the_digit_of_their_pictures(tmp_path):
    put(tmp_path, "3/a.png", "3/b.png", "0/a.png", "10/a.png", "other/4_a.png", "7_loose.png")
    expected = {"3/a.png": "3", "3/b.png": "3", "0/a.png": "0", "7_loose.png": "7"}
    assert {name: label for name, (label, _) in by_name(tmp_path).items()} == expected


def test_table_has_the_last_word(tmp_path):
    put(tmp_path, "7_a.png", "b.png", "1/c.png")
    rows = "file,label,pen\n7_a.png, 3 ,biro\nb.png,12/34,\n1/c.png,,pencil\n"
    (tmp_path / "labels.csv").write_text(rows, encoding="utf-8-sig")
    assert by_name(tmp_path) == {
        "7_a.png": ("3", "one digit"),
        "b.png": ("12/34", "several digits"),
        "1/c.png": ("", "no digit"),
    }
    assert by_name(tmp_path, "pen")["7_a.png"] == ("3", "biro")
    assert by_name(tmp_path, "pen")["b.png"] == ("12/34", "several digits"), "its cell is empty"


def test_picture_without_a_label_is_named_with_the_ways_to_give_it_one(tmp_path):
    put(tmp_path, "7_a.png", "IMG_4711.jpg", "seven_b.png", "8.png")
    _, sentences = labels.labelled(tmp_path)
    assert len(sentences) == 3
    for name, sentence in zip(["8.png", "IMG_4711.jpg", "seven_b.png"], sentences, strict=True):
        assert name in sentence and "no label" in sentence and "7_kitchen.jpg" in sentence


def test_picture_that_the_table_does_not_list_is_named(tmp_path):
    put(tmp_path, "a.png", "7_b.png")
    (tmp_path / "labels.csv").write_text("file,label\na.png,3\n")
    found, (sentence,) = labels.labelled(tmp_path)
    assert [each.label for each in found] == ["3"]
    assert "7_b.png: not used" in sentence and "labels.csv" in sentence


def test_camera_s_name_of_date_and_time_is_no_label(tmp_path):
    put(tmp_path, "20240105_123456.jpg", "20240105_envelope.jpg")
    assert list(by_name(tmp_path)) == ["20240105_envelope.jpg"]


def test_table_of_a_spreadsheet_with_semicolons_is_read(tmp_path):
    (tmp_path / "labels.csv").write_text("file;label;pen\na.png;3;biro\n", encoding="utf-8-sig")
    assert by_name(tmp_path, "pen") == {"a.png": ("3", "biro")}


@pytest.mark.parametrize(
    ("label", "name", "expected"),
    [
        ("7", "kitchen.jpg", "7_kitchen.jpg"),
        ("12/34", "kitchen.jpg", "12+34_kitchen.jpg"),
        ("1", "7_kitchen.jpg", "1_kitchen.jpg"),
        ("1", "20240105_123456.jpg", "1_20240105_123456.jpg"),
    ],
)
def test_name_with_a_label_can_be_read_back(tmp_path, label, name, expected):
    assert labels.name_with(label, name) == expected
    put(tmp_path, expected)
    assert by_name(tmp_path)[expected][0] == label


def test_label_that_is_no_number_is_named(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\na.png,seven\nb.png,-3\nc.png,4\n")
    found, sentences = labels.labelled(tmp_path)
    assert [each.label for each in found] == ["4"]
    for label, sentence in zip(["seven", "-3"], sentences, strict=True):
        assert f"'{label}' is not digits alone; correct the labels.csv" in sentence


@pytest.mark.parametrize("names", [(), ("IMG_1.jpg",), ("10/a.png",), ("notes.txt.bak/7_a.png",)])
def test_folder_without_any_label_is_refused(tmp_path, names):
    put(tmp_path, *names)
    with pytest.raises(UserError, match="no picture with a label"):
        labels.labelled(tmp_path)


def test_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no folder .*gone"):
        labels.labelled(tmp_path / "gone")
    with pytest.raises(UserError, match="no folder"):
        labels.labelled(tmp_path / "gone" / "7_a.png")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("file,label\ngrüße.png,3\n".encode("cp1252"), "UTF-8"),
        (b"file,truth\na.png,3\n", "file, label"),
        (b"file,label\n", "lacks rows"),
        (b"", "lacks rows"),
    ],
)
def test_table_that_cannot_be_used_is_refused(tmp_path, content, words):
    (tmp_path / "labels.csv").write_bytes(content)
    with pytest.raises(UserError, match=words):
        labels.labelled(tmp_path)


def test_column_to_count_by_needs_a_table_that_has_it(tmp_path):
    put(tmp_path, "7_a.png")
    with pytest.raises(UserError, match="--by"):
        labels.labelled(tmp_path, "pen")
    (tmp_path / "labels.csv").write_text("file,label\n7_a.png,7\n")
    with pytest.raises(UserError, match="file, label, pen"):
        labels.labelled(tmp_path, "pen")


def test_short_row_of_a_table_has_empty_cells(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label,pen\na.png\nb.png,4\n")
    assert {name: label for name, (label, _) in by_name(tmp_path).items()} == {
        "a.png": "",
        "b.png": "4",
    }


def test_folder_of_idx_files_has_no_labels_and_one_of_pictures_has(tmp_path):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(b"\0")
    put(tmp_path, "preview.jpg")
    assert not labels.has_labels(tmp_path)
    assert not labels.has_labels(tmp_path / "mnist.npz")
    put(tmp_path, "1/a.png")
    assert labels.has_labels(tmp_path)
