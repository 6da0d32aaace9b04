"""Fine-tuning: what is learned, what is kept, and that each tuning starts from the same weights."""

import numpy as np
import pytest
from conftest import ROOT

from digits.data import mnist, synthetic
from digits.network import recipes
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
from digits.network import fine_tuning, predictor, training  # noqa: E402
from digits.network.other_models import KerasNetwork  # noqa: E402


@pytest.fixture(scope="module")
def examples(small_data):
    return mnist.load_training(small_data)


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("net") / "net.unfinished.h5"


@pytest.fixture(scope="module")
def trained(examples, path):
    """A network that reads upright synthetic digits."""
    record = {"recipe": "fast", "epochs": 6, "batch_size": 50, "seed": 1}
    network = training.build(record)
    training.train(network, record, *examples, path)
    return network


@pytest.fixture(scope="module")
def tuner(trained, examples):
    """A tuner of that network; every test starts from the same weights again."""
    fewer = recipes.Synthetic(digits=50, rare_digits=50, printed=50, non_digits=50)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fine_tuning, "SYNTHETIC", fewer)
        return fine_tuning.FineTuner(trained, examples[0], 40, seed=1)


@pytest.fixture(scope="module")
def turned():
    """Ten images of each of two digits, on their side, and twenty others of each to test on."""
    images, labels = synthetic.digits(300, seed=5)
    chosen = [np.flatnonzero(labels == digit) for digit in (4, 7)]
    images = np.rot90(images, axes=(1, 2))
    learned, others = ([each[part] for each in chosen] for part in (slice(10), slice(10, 30)))
    return [(images[np.ravel(part)], labels[np.ravel(part)]) for part in (learned, others)]


def accuracy(network, images, labels):
    return np.mean(training.predict(network, images).argmax(axis=1) == labels)


def test_network_learns_own_images_and_keeps_the_others(tuner, turned, examples):
    learned, others = turned
    tuner.blend(0)
    before, kept_before = (accuracy(tuner.network, *each[:2]) for each in (others, examples[1]))
    history = tuner.tune(*learned)
    after, kept = (accuracy(tuner.network, *each[:2]) for each in (others, examples[1]))
    assert before < 0.3 and after > 0.5
    assert kept > kept_before - 0.05
    assert set(history) == {"accuracy", "loss"} and 0.5 < history["accuracy"] <= 1


def test_each_tuning_starts_from_the_same_weights(tuner, turned):
    images, labels = turned[0]
    tuner.tune(images, labels)
    first = tuner.network.get_weights()
    tuner.tune(images[:5], labels[:5])
    assert any((a != b).any() for a, b in zip(first, tuner.network.get_weights(), strict=True))
    tuner.tune(images, labels)
    for a, b in zip(first, tuner.network.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_same_seed_gives_the_same_weights(path, turned, examples, monkeypatch):
    fewer = recipes.Synthetic(digits=10, rare_digits=10, printed=10, non_digits=10)
    monkeypatch.setattr(fine_tuning, "SYNTHETIC", fewer)
    images, labels = turned[0]

    def weights(seed):
        tuner = fine_tuning.FineTuner(fine_tuning.load(path, seed), examples[0], 20, seed)
        tuner.tune(images, labels)
        return tuner.after

    first, second, other = weights(3), weights(3), weights(4)
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_blend_gives_a_share_of_the_change(tuner, turned):
    tuner.tune(*turned[0])
    after = tuner.network.get_weights()
    for share in (0.25, 1, 0):
        tuner.blend(share)
        for weights, old, new in zip(tuner.network.get_weights(), tuner.before, after, strict=True):
            np.testing.assert_allclose(weights, (1 - share) * old + share * new, atol=1e-6)


def test_share_is_the_largest_that_validation_bears(tuner, turned, monkeypatch):
    tuner.tune(*turned[0])
    asked = []

    def misses(examples):
        """Two of 1,000 images are missed before, and three more with more than 0.8."""
        asked.append(tuner.network.get_weights())
        return {1: 2, 2: 5, 3: 5}.get(len(asked), 2)

    monkeypatch.setattr(tuner, "misses", misses)
    validation = mnist.Examples(np.zeros((1_000, 28, 28), np.uint8), np.zeros(1_000, np.uint8), "")
    assert tuner.blend_for(validation) == (0.8, 2)
    monkeypatch.setattr(tuner, "misses", lambda examples: 5)
    assert tuner.blend_for(validation) == (1, 5), "as many as before"


def test_averages_of_batch_normalisation_stay(tuner, turned):
    def averages():
        return [each.numpy() for each in tuner.network.non_trainable_variables]

    tuner.blend(0)
    before = averages()
    tuner.tune(*turned[0])
    moving = [each for each in tuner.network.non_trainable_variables if "moving" in each.path]
    assert moving
    for old, new in zip(before, averages(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_batches_hold_own_images_and_others_in_their_shares(tuner, monkeypatch):
    own = np.full((3, 28, 28), 255, np.uint8), np.full(3, synthetic.NON_DIGIT, np.uint8)
    others = tuner.others[1] != synthetic.NON_DIGIT
    monkeypatch.setattr(tuner, "others", [array[others] for array in tuner.others])
    made = list(tuner.batches(own))
    assert len(made) == tuner.steps
    for images, labels in made:
        assert images.shape == (fine_tuning.BATCH_SIZE, 28, 28, 1)
        assert (labels.numpy() == synthetic.NON_DIGIT).sum() == tuner.own_in_batch


def test_members_of_a_network_from_a_file_are_side_by_side(path, trained):
    ensemble = recipes.side_by_side(KerasNetwork(ROOT / "models" / "pretrained.h5").model)
    assert ensemble.input_shape == (None, 28, 28, 3) and ensemble.output_shape == (None, 3, 10)
    plain = recipes.side_by_side(KerasNetwork(path).model)
    images = np.random.default_rng(1).integers(0, 256, (4, 28, 28), np.uint8)
    expected = training.predict(KerasNetwork(path).model, images)
    np.testing.assert_allclose(training.predict(plain, images)[:, 0], expected, atol=1e-6)


def test_network_in_memory_is_computed_as_keras_computes_it(tuner, turned):
    tuner.tune(*turned[0])
    images = turned[1][0]
    expected = training.predict(tuner.network, images)
    np.testing.assert_allclose(predictor.of_keras(tuner.network)(images), expected, atol=1e-5)
