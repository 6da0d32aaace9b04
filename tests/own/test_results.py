"""The script that reads a folder of labelled pictures."""

import shutil

from conftest import ROOT, assert_refused, printed_digits
from PIL import Image


def fill(folder, rows):
    """Copy examples to a folder, and write their labels."""
    lines = ["file,label,pen"]
    for name, label, pen in rows:
        shutil.copy(ROOT / "examples" / name, folder)
        lines.append(f"{name},{label},{pen}")
    (folder / "labels.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_table_counts_what_is_read_right_by_kind_and_names_the_misses(run, tmp_path, shipped_model):
    rows = [("pencil_7.jpg", "7", "pencil"), ("chalk_3.jpg", "8", "chalk")]
    fill(tmp_path, rows)
    sheet = tmp_path / "misses.png"
    result = run("tools/picture_table.py", tmp_path, "--by", "pen", "--misses", sheet)
    assert result.returncode == 0, result.stderr
    assert "| pencil | 1 | 1 | 100.0 % | 0 |" in result.stdout
    assert "| chalk | 1 | 0 | 0.0 % | 0 |" in result.stdout
    assert "chalk_3.jpg: 8, read as 3 (" in result.stdout.splitlines()[-1]
    assert sheet.read_bytes().startswith(b"\x89PNG")


def test_usual_way_is_right_where_the_picture_is_as_mnist_and_wrong_on_a_photograph(
    run, tmp_path, shipped_model
):
    fill(tmp_path, [("pencil_7.jpg", "7", "pencil"), ("chalk_3.jpg", "3", "chalk")])
    image, _ = printed_digits(1, seed=8)
    Image.fromarray(255 - image[0]).save(tmp_path / "tidy.png")
    with (tmp_path / "labels.csv").open("a", encoding="utf-8") as file:
        file.write(f"tidy.png,{printed_digits(1, seed=8)[1][0]},none\ngone.png,3,gone\n")
    result = run("tools/picture_table.py", tmp_path, "--by", "pen", "--usual")
    assert result.returncode == 0, result.stderr
    assert "| chalk | 1 | 0 |" in result.stdout and "| none | 1 | 1 |" in result.stdout
    assert "gone.png: 3, read as cannot be read" in result.stdout


def test_folder_without_labels_is_refused(run, tmp_path):
    assert_refused(run("tools/picture_table.py", tmp_path), "labels.csv", "columns file and label")


def test_labels_in_another_encoding_are_refused(run, tmp_path):
    (tmp_path / "labels.csv").write_bytes("file,label\ngrüße.png,3\n".encode("cp1252"))
    assert_refused(run("tools/picture_table.py", tmp_path), "labels.csv", "UTF-8")


def test_digits_on_simulated_pages_keep_their_answers(run, small_data, shipped_model):
    result = run("benchmarks/page_table.py", "--data", small_data, "--count", 3)
    assert result.returncode == 0, result.stderr
    rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines()[2:]]
    assert [row[0] for row in rows][:2] == ["dark on light", "light on dark"] and len(rows) == 7
    assert all(row[1] == "3" for row in rows)
    assert sum(int(row[2]) for row in rows) >= 20, "of 21"
