"""Synthetic digits: in MNIST's form, the same from the same seed, and new in each epoch."""

import tracemalloc
from itertools import islice

import numpy as np
import pytest
from PIL import Image

from digits.data import pen_strokes, synthetic
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


@pytest.mark.parametrize("make", synthetic.SHARES, ids=lambda make: make.__name__)
def test_non_digits_are_cropped_to_their_ink(make):
    for seed in range(30):
        ink = make(np.random.default_rng(seed))
        assert ink.dtype == np.uint8 and ink.max() > 0
        assert ink[0].any() and ink[-1].any() and ink[:, 0].any() and ink[:, -1].any()


def test_epochs_share_out_the_images_that_the_seed_gives():
    counts = Synthetic(digits=20, rare_digits=10, non_digits=5)
    epochs = list(synthetic.per_epoch(3, counts, seed=3))
    assert [images.shape for images, _ in epochs] == [(35, 28, 28)] * 3
    images, labels = (np.stack(each) for each in zip(*epochs, strict=True))
    digits, their_labels = synthetic.digits(60, seed=3)
    np.testing.assert_array_equal(images[:, :20].reshape(-1, 28, 28), digits)
    np.testing.assert_array_equal(labels[:, :20].ravel(), their_labels)
    assert set(labels[:, 20:30].ravel()) <= pen_strokes.RARE.keys()
    assert (labels[:, 30:] == synthetic.NON_DIGIT).all()
    non_digits = synthetic.non_digits(15, seed=3)
    np.testing.assert_array_equal(images[:, 30:].reshape(-1, 28, 28), non_digits)


def test_every_epoch_of_very_many_has_new_images():
    counts = Synthetic(digits=2, rare_digits=1, non_digits=1)
    images = np.concatenate([images for images, _ in synthetic.per_epoch(120, counts, seed=1)])
    assert len({image.tobytes() for image in images}) == 480


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
    (down, right), stem = np.diff(points, axis=0)[1], curve[synthetic.POINTS :] - points[1]
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
