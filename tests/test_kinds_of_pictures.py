"""The script that draws labelled pictures of the kinds that the reader finds hard."""

import csv
import sys

import numpy as np
import pytest
from conftest import ROOT, environment_of, runner
from PIL import Image

sys.path.insert(0, str(ROOT / "benchmarks"))
sys.path.insert(0, str(ROOT / "tests" / "page"))
from scenes import KINDS, figures, hands

from digits.own.labels import labelled

SCRIPT = "benchmarks/kinds_of_pictures.py"
SCENES = list(dict.fromkeys(scene for scenes in KINDS.values() for scene in scenes))


@pytest.fixture(scope="module")
def draw(tmp_path_factory, small_data):
    """Return a function that runs the script with small data, and returns the folder it drew."""
    home = tmp_path_factory.mktemp("home")
    run = runner(home, environment_of(home))

    def drawn(name, *arguments):
        result = run(SCRIPT, home / name, "--data", small_data, *arguments)
        assert (result.returncode, result.stderr) == (0, "")
        return home / name

    return drawn


@pytest.fixture(scope="module")
def folder(draw):
    return draw("kinds", "--count", 2)


def rows_of(folder):
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_each_kind_has_its_pictures_which_the_table_of_labels_names(folder):
    rows = rows_of(folder)
    assert list(rows[0])[:4] == ["file", "label", "written", "kind"]
    counts = dict.fromkeys(KINDS, 2) | {"pairs": 3, "pages": 1}
    assert {kind: sum(row["kind"] == kind for row in rows) for kind in KINDS} == counts
    assert {row["file"] for row in rows} == {path.name for path in folder.iterdir()} - {
        "labels.csv"
    }
    assert len(labelled(folder, "kind")[0]) == len(rows)


def test_every_picture_opens_and_has_something_on_it(folder):
    for row in rows_of(folder):
        with Image.open(folder / row["file"]) as picture:
            darkest, lightest = picture.convert("L").getextrema()
            assert min(picture.size) >= 20
            assert lightest - darkest > 50 * bool(row["label"])


def test_label_is_what_is_written_without_its_signs(folder):
    rows = rows_of(folder)
    for row in rows:
        assert set(row["label"]) <= set("0123456789/")
        if row["kind"] == "signs":
            assert row["label"] == "".join(filter(str.isdigit, row["written"]))
        else:
            assert row["label"].replace("/", "") == "".join(filter(str.isdigit, row["written"]))
    assert any(row["written"] != row["label"] for row in rows)


def test_same_seed_draws_the_same_picture_however_many_are_asked_for(draw, folder):
    again = draw("again", "--count", 1, "--kinds", "signs", "touching", "printed")
    for row in rows_of(again):
        assert (again / row["file"]).read_bytes() == (folder / row["file"]).read_bytes()
    other = draw("other", "--count", 1, "--kinds", "signs", "--seed", 2)
    assert rows_of(other)[0]["written"] != rows_of(again)[0]["written"]


def test_without_mnist_all_digits_are_pen_strokes(run, tmp_path):
    result = run(SCRIPT, tmp_path / "kinds", "--count", 2, "--kinds", "pairs")
    assert result.returncode == 0, result.stderr
    assert "pen strokes" in result.stderr
    assert len(rows_of(tmp_path / "kinds")) == 3


@pytest.mark.parametrize("scene", SCENES)
def test_scene_gives_a_picture_and_its_digits(scene):
    image, label, written = scene(np.random.default_rng(3), None)
    assert min(image.size) >= 20
    assert label.replace("/", "") == "".join(filter(str.isdigit, written or label))


def test_digits_are_pushed_together_until_they_overlap_where_they_are_nearest():
    slash, wall = np.eye(8, dtype=np.float32), np.ones((5, 3), np.float32)
    both = hands.pushed(slash[:, ::-1], wall, overlap=1)  # its foot is far from the wall
    assert both.sum() == 8 + 15 - 1


def test_seven_segments_of_an_eight_are_all_that_there_are():
    every = figures.seven_segments(8, 60, 8, 1)
    assert np.array_equal(every, figures.seven_segments(1, 60, 8, 1, lit="abcdefg"))
    one = figures.seven_segments(1, 60, 8, 1)
    assert one.sum() < every.sum() / 3 and not one[:, : one.shape[1] // 2].any()
