"""Synthetic digits: in MNIST's form, the same from the same seed, and new in each epoch."""

import tracemalloc
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from digits.data import non_digits, pen, pen_strokes, printed, synthetic
from digits.data.mnist_form import as_mnist
from digits.network.recipes import Synthetic


@pytest.fixture(scope="module")
def made():
    return synthetic.digits(400, seed=5)


def test_synthetic_digits_have_mnist_s_form(made):
    images, labels = made
    assert (images.dtype, images.shape) == (np.uint8, (400, 28, 28))
    assert (images.max(axis=(1, 2)) == 255).all()
    assert (np.bincount(labels) == 40).all(), "of each digit as many"
    mass = images.sum(axis=(1, 2))
    for axis in (1, 2):
        centres = (images.sum(axis=axis) * np.arange(28)).sum(axis=1) / mass
        assert np.abs(centres - 14).max() <= 1, "MNIST's digits have their mass around pixel 14"
    rows = images.any(axis=2).sum(axis=1)
    columns = images.any(axis=1).sum(axis=1)
    assert (np.maximum(rows, columns) >= 19).all() and (np.maximum(rows, columns) <= 20).all()
    assert 0.05 < mass.mean() / (255 * 784) < 0.2, "about as much ink as MNIST has"


def test_same_seed_gives_the_same_images_and_another_seed_others(made):
    images, labels = synthetic.digits(400, seed=5)
    np.testing.assert_array_equal(images, made[0])
    np.testing.assert_array_equal(labels, made[1])
    others = synthetic.digits(400, seed=6)[0]
    assert (others != images).any(axis=(1, 2)).all()


def test_no_two_images_are_alike_though_their_writing_style_is_the_same():
    random, style = np.random.default_rng(1), pen_strokes.DIGITS[7][0]
    assert len({synthetic.handwritten(style, random).tobytes() for _ in range(60)}) == 60


@pytest.mark.parametrize("make", non_digits.SHARES, ids=lambda make: make.__name__)
def test_non_digits_are_cropped_to_their_ink(make):
    for seed in range(30):
        ink = make(np.random.default_rng(seed))
        assert ink.dtype == np.uint8 and ink.max() > 0
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()


@pytest.mark.parametrize("make", printed.SHARES, ids=lambda make: make.__name__)
@pytest.mark.parametrize("label", range(10))
def test_printed_digits_are_cropped_to_their_ink_and_differ(make, label):
    inks = [make(label, np.random.default_rng(seed)) for seed in range(5)]
    for ink in inks:
        assert ink.dtype == np.uint8 and ink.max() > 0
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()
    assert len({ink.tobytes() for ink in inks}) == 5


def test_printed_digits_do_without_freetype(monkeypatch):
    monkeypatch.setattr(printed.features, "check", lambda feature: False)
    monkeypatch.setattr(printed, "font", None)
    assert printed.of_font(3, np.random.default_rng(1)).any()


def test_seven_bars_are_those_of_a_display():
    """Each bar's middle is inked if and only if the digit has it, as on any display."""
    lit = {
        0: "abcdef",
        1: "bc",
        2: "abdeg",
        3: "abcdg",
        4: "bcfg",
        5: "acdfg",
        6: "acdefg",
        7: "abc",
        8: "abcdefg",
        9: "abcdfg",
    }
    assert {n: "".join(sorted(bars)) for n, bars in enumerate(printed.BARS)} == lit


def test_a_part_is_what_lies_at_one_side_of_a_line():
    ink = np.zeros((100, 60), np.uint8)
    ink[:, :60] = np.arange(1, 61)
    random = np.random.default_rng(1)
    left, right = (non_digits.cut(ink, side, 0.3, random) for side in ("left", "right"))
    assert left.min(initial=60, where=left > 0) == 1 and left.max() < 40
    assert right.max() == 60 and right.min(initial=60, where=right > 0) > 20
    upper, lower = (non_digits.cut(ink.T, side, 0.3, random) for side in ("upper", "lower"))
    assert upper.max() < 40 and lower.min(initial=60, where=lower > 0) > 20


def test_no_part_scribble_or_shadow_is_a_straight_bar_which_may_be_a_1():
    upright, arc = np.full((100, 15), 255, np.uint8), np.zeros((100, 30), np.uint8)
    rows = np.arange(100)
    for column in range(6):
        arc[rows, (24 - 24 * np.sin(np.pi * rows / 99)).astype(int) + column] = 255
    assert non_digits.thickness(upright) < non_digits.STRAIGHT < non_digits.thickness(arc)
    for make in (non_digits.part, non_digits.scribble, non_digits.shadow):
        inks = [make(np.random.default_rng(seed)) for seed in range(40)]
        assert min(map(non_digits.thickness, inks)) >= non_digits.STRAIGHT


def test_a_neighbour_touches_or_is_near_and_is_seen():
    shares = []
    for seed in range(40):
        ink = non_digits.with_neighbour(np.random.default_rng(seed)) > 0
        empty = np.diff(np.flatnonzero(ink.any(axis=0))).max() - 1
        shares.append(empty)
    assert np.mean(np.array(shares) == 0) > 0.5 and max(shares) < 40


def test_no_slash_is_as_upright_as_a_1():
    for seed in range(40):
        ink = non_digits.slash(np.random.default_rng(seed))
        assert ink.shape[1] > 0.6 * ink.shape[0]


@pytest.mark.parametrize("sides", sorted(set(non_digits.FRAMES)), ids="-".join)
def test_a_frame_has_its_borders(sides, monkeypatch):
    monkeypatch.setattr(non_digits, "FRAMES", (sides,))
    monkeypatch.setattr(non_digits, "FILLED", 0)
    for seed in range(20):
        image = as_mnist(non_digits.frame(np.random.default_rng(seed)).astype(np.float32)) > 60
        shares = image.mean(axis=0).max(), image.mean(axis=1).max()
        assert min(shares) >= 0.25, "a long line both ways"


def test_gaps_are_inside_a_line_and_as_wide_as_asked():
    line = np.column_stack([np.arange(0, 100, 1.5), np.zeros(67), np.full(67, 5)])
    for seed in range(20):
        broken = pen.with_gap(line, 12, np.random.default_rng(seed))
        assert (broken[0] == line[0]).all() and (broken[-1] == line[-1]).all()
        assert np.diff(broken[:, 0]).max() - 2 * 5 == pytest.approx(12, abs=2)
    short = line[:10]
    assert pen.with_gap(short, 12, np.random.default_rng(1)) is short


def test_epochs_share_out_the_images_that_the_seed_gives():
    counts = Synthetic(digits=20, rare_digits=10, printed=8, non_digits=5)
    epochs = list(synthetic.per_epoch(3, counts, seed=3))
    assert [images.shape for images, _ in epochs] == [(43, 28, 28)] * 3
    images, labels = (np.stack(each) for each in zip(*epochs, strict=True))
    digits, their_labels = synthetic.digits(60, seed=3)
    np.testing.assert_array_equal(images[:, :20].reshape(-1, 28, 28), digits)
    np.testing.assert_array_equal(labels[:, :20].ravel(), their_labels)
    assert set(labels[:, 20:30].ravel()) <= pen_strokes.RARE.keys()
    assert set(labels[:, 30:38].ravel()) <= set(range(10))
    assert (labels[:, 38:] == synthetic.NON_DIGIT).all()
    others = synthetic.non_digits(15, seed=3)
    np.testing.assert_array_equal(images[:, 38:].reshape(-1, 28, 28), others)


def test_every_epoch_of_very_many_has_new_images():
    counts = Synthetic(digits=2, rare_digits=1, printed=1, non_digits=1)
    images = np.concatenate([images for images, _ in synthetic.per_epoch(120, counts, seed=1)])
    assert len({image.tobytes() for image in images}) == 600


def test_very_many_epochs_take_no_more_memory():
    counts = Synthetic(digits=2_000, non_digits=500)
    tracemalloc.start()
    list(islice(synthetic.per_epoch(1_000, counts, seed=1), 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000, "the images of all epochs would take 2 GB"


def test_rare_digits_are_in_the_writing_styles_that_are_named_rare(monkeypatch):
    monkeypatch.setattr(pen_strokes, "RARE", {1: (0,), 7: (1,)})
    styles = [["no points"] * len(each) for each in pen_strokes.DIGITS]
    styles[1][0], styles[7][1] = pen_strokes.DIGITS[1][0], pen_strokes.DIGITS[7][1]
    monkeypatch.setattr(pen_strokes, "DIGITS", styles)
    ((_, labels),) = synthetic.per_epoch(1, Synthetic(rare_digits=40), seed=1)
    assert set(labels) == {1, 7}, "all others would fail"


def test_every_rare_writing_style_is_there():
    for label, rare in pen_strokes.RARE.items():
        assert len(set(rare)) == len(rare) and max(rare) < len(pen_strokes.DIGITS[label])


def test_recipe_without_synthetic_images_gets_none():
    assert [len(images) for images, _ in synthetic.per_epoch(8, Synthetic(), seed=1)] == [0] * 8


def test_a_curve_runs_through_its_points_and_turns_sharply_at_corners():
    ((points, corners),) = synthetic.strokes("0,4! 56,2! 24,100")
    curve = synthetic.curve(points, corners)
    assert corners == (0, 1)
    for point in points:
        assert np.hypot(*(curve - point).T).min() < 1e-9
    (down, right), stem = np.diff(points, axis=0)[1], curve[pen.POINTS :] - points[1]
    assert np.abs(stem @ [right, -down]).max() < 1e-6, "between two corners it is straight"


def test_contact_sheet_shows_the_data_s_digits_beside_the_synthetic_ones(run, small_data, tmp_path):
    sheet = tmp_path / "sheet.png"
    result = run(
        "tools/contact_sheet.py", "--beside-mnist", "--data", small_data, "--output", sheet
    )
    assert result.returncode == 0, result.stderr
    with_the_data = Image.open(sheet).width
    assert run("tools/contact_sheet.py", "--output", sheet).returncode == 0
    assert with_the_data > 1.4 * Image.open(sheet).width
