"""The scripts that measure the reader: made-up pictures, and the usual way to read."""

import shutil

from conftest import ROOT, printed_digits
from PIL import Image

from digits.own.labels import labelled


def test_writer_s_pictures_are_labelled_and_misread_where_they_are_meant_to_be(run, tmp_path):
    options = ["--learn", 2, "--test", 6]
    result = run("benchmarks/made_up_writer.py", tmp_path / "writer", *options)
    assert result.returncode == 0, result.stderr
    found, unlabelled = labelled(tmp_path / "writer" / "learn")
    assert [each.label for each in found] == [*"11447799"] and not unlabelled
    seen = ["--output-dir", tmp_path / "seen"]
    result = run("evaluate_model.py", "--own", tmp_path / "writer" / "test", *seen)
    misses = [line for line in result.stdout.splitlines() if ".png: " in line]
    missed = {digit: sum(f": {digit}, " in line for line in misses) for digit in "1479"}
    assert missed["1"] == missed["9"] == 0
    assert missed["4"] > 3 and missed["7"] > 3, "of 6"


def test_same_seed_draws_the_same(run, tmp_path):
    for name in ("one", "other"):
        run("benchmarks/made_up_writer.py", tmp_path / name, "--learn", 1, "--test", 1)
    pairs = [sorted((tmp_path / name).rglob("*.png")) for name in ("one", "other")]
    assert len(pairs[0]) == 8
    for one, other in zip(*pairs, strict=True):
        assert one.name == other.name and one.read_bytes() == other.read_bytes()


def test_usual_way_is_right_where_the_picture_is_as_mnist_and_wrong_on_a_photograph(run, tmp_path):
    (image,), (label,) = printed_digits(1, seed=8)
    Image.fromarray(255 - image).save(tmp_path / "tidy.png")
    shutil.copy(ROOT / "examples" / "chalk_3.jpg", tmp_path)
    rows = f"file,label,pen\ntidy.png,{label},none\nchalk_3.jpg,3,chalk\ngone.png,3,none\n"
    (tmp_path / "labels.csv").write_text(rows)
    result = run("benchmarks/usual_script.py", tmp_path, "--by", "pen")
    assert result.returncode == 0, result.stderr
    counts = {row.split()[0]: row.split()[1:3] for row in result.stdout.splitlines()}
    assert counts["none"] == ["1", "1"] and counts["chalk"] == ["1", "0"]
    assert "gone.png: cannot be read" in result.stderr


def test_digits_on_simulated_pages_keep_their_answers(run, small_data, shipped_model):
    result = run("benchmarks/page_table.py", "--data", small_data, "--count", 3)
    assert result.returncode == 0, result.stderr
    rows = [line.strip("| ").split(" | ") for line in result.stdout.splitlines()[2:]]
    assert [row[0] for row in rows][:2] == ["dark on light", "light on dark"] and len(rows) == 7
    assert all(row[1] == "3" for row in rows)
    assert sum(int(row[2]) for row in rows) >= 20, "of 21"
