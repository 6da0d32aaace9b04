"""Training: batches, distortions, schedule, and that it learns."""

import numpy as np
import pytest

from digits import mnist
from digits.quiet import import_tensorflow

tf = import_tensorflow()
from digits import training  # noqa: E402 - after TensorFlow has been imported quietly


@pytest.fixture(scope="module")
def examples(small_data):
    return mnist.load_training(small_data)


def test_network_learns_and_its_record_says_how(examples):
    network, record = training.train("fast", *examples, epochs=6, batch_size=50, seed=1)
    history = record["history"]
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert all(len(values) == 6 for values in history.values())
    assert history["val_accuracy"][-1] > 0.9, "chance would be 0.1"
    assert history["loss"][-1] < history["loss"][0]
    settings = {name: record[name] for name in ("recipe", "epochs", "batch_size", "seed", "data")}
    assert settings == {
        "recipe": "fast",
        "epochs": 6,
        "batch_size": 50,
        "seed": 1,
        "data": mnist.NOT_MNIST,
    }
    images, labels = examples[1].images[..., np.newaxis], examples[1].labels
    assert network.evaluate(images, labels, verbose=0)[1] == history["val_accuracy"][-1]


def weights_after(examples, seed):
    network, _ = training.train("fast", *examples, epochs=1, batch_size=100, seed=seed)
    return np.concatenate([weights.ravel() for weights in network.get_weights()])


def test_same_seed_gives_the_same_weights_and_another_others(examples):
    first = weights_after(examples, seed=1)
    np.testing.assert_array_equal(first, weights_after(examples, seed=1))
    assert not np.allclose(first, weights_after(examples, seed=2))


def test_epoch_shows_every_image_once_in_a_new_order(examples):
    labels = examples[0].labels
    batches = training.batches(examples[0], 100, seed=1)
    epochs = [np.concatenate([batch[1] for batch in batches]) for _ in range(2)]
    for seen in epochs:
        np.testing.assert_array_equal(np.bincount(seen), np.bincount(labels))
    assert (epochs[0] != epochs[1]).any() and (epochs[0] != labels).any()


def test_images_come_distorted(examples):
    images, _ = next(iter(training.batches(examples[0], 100, seed=1)))
    originals = {image.tobytes() for image in examples[0].images}
    unchanged = [image.astype(np.uint8).tobytes() in originals for image in images.numpy()]
    assert sum(unchanged) < 5


def test_distortion_moves_the_middle_by_no_more_than_the_shift():
    dot = np.zeros((300, 28, 28, 1), np.float32)
    dot[:, 13:15, 13:15] = 255
    moved = training.distorted(tf.constant(dot), tf.random.Generator.from_seed(1)).numpy()
    y, x = np.mgrid[:28, :28]
    mass = moved[..., 0].sum(axis=(1, 2))
    centres = np.stack([(moved[..., 0] * axis).sum(axis=(1, 2)) / mass for axis in (x, y)])
    distance = np.abs(centres - 13.5)
    assert 1 < distance.max() < training.SHIFT * 1.6, "the shift is turned and stretched as well"
    assert len(np.unique(centres.round(3), axis=1).T) > 290, "each image in its own way"


def test_distortion_without_limits_of_its_own_changes_nothing(monkeypatch):
    for limit in ("ROTATION", "SHEAR", "LOG_SCALE", "SHIFT"):
        monkeypatch.setattr(training, limit, 0.0)
    images = np.random.default_rng(1).integers(0, 256, (5, 28, 28, 1)).astype(np.float32)
    same = training.distorted(tf.constant(images), tf.random.Generator.from_seed(1))
    np.testing.assert_allclose(same, images, atol=0.01)


def test_learning_rate_rises_to_its_peak_and_falls_to_almost_nothing():
    rates = [float(training.one_cycle(0.01, 400)(step)) for step in range(401)]
    assert np.argmax(rates) == 100
    assert max(rates) == pytest.approx(0.01)
    assert rates[0] < 0.0011 and rates[-1] < 0.0001
    assert (np.diff(rates[:100]) > 0).all() and (np.diff(rates[101:]) < 0).all()
