"""What a model's evaluation holds, whatever its file says of its training."""

import json

import h5py
import numpy as np
import pytest
from conftest import printed_digits

from digits import metrics
from digits.data.mnist import Examples
from digits.evaluation import evaluation
from digits.network import recipes
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly

HISTORY = {name: [0.5, 0.6] for name in ("accuracy", "loss", "val_accuracy", "val_loss")}


@pytest.fixture(scope="module")
def test_images():
    images, labels = printed_digits(40, seed=3)
    return Examples(images, labels, "printed")


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(4)
    return recipes.build(recipes.RECIPES["fast"])


def saved(network, record, path):
    network.save(path)
    with h5py.File(path, "r+") as file:
        file.attrs["training"] = json.dumps(record)
    return evaluation.load(path)


def test_uncalibrated_probabilities_are_those_before_the_temperature(
    network, test_images, tmp_path
):
    images = test_images.images[..., np.newaxis]
    before = network.predict(images, verbose=0)
    last = network.layers[-1]
    weights = last.get_weights()
    last.set_weights([each / 0.4 for each in weights])
    model = saved(network, {"history": HISTORY, "temperature": 0.4}, tmp_path / "net.h5")
    after = network.predict(images, verbose=0)
    last.set_weights(weights)
    predictions = evaluation.predict(model, test_images.images)
    np.testing.assert_allclose(predictions.probabilities, after, atol=1e-5)
    np.testing.assert_allclose(predictions.uncalibrated, before, atol=1e-5)
    summary = evaluation.score(model, predictions, test_images)
    labels = test_images.labels
    expected = metrics.calibration_error(labels, before)
    assert summary["calibration_error_before_temperature"] == pytest.approx(expected, abs=1e-4)
    assert abs(summary["calibration_error"] - expected) > 0.001


def test_every_image_is_predicted_once_in_order(network, tmp_path):
    images = np.tile(printed_digits(37, seed=5)[0], (27, 1, 1))
    assert len(images) > evaluation.IMAGES_AT_ONCE
    expected = network.predict(images[..., np.newaxis], verbose=0)
    model = saved(network, {"history": HISTORY}, tmp_path / "net.h5")
    probabilities, uncalibrated = evaluation.predict(model, images)
    np.testing.assert_allclose(probabilities, expected, atol=1e-5)
    assert uncalibrated is None


def test_comparison_counts_the_images_that_one_model_alone_reads_right():
    right = np.eye(10)
    first, second = right.copy(), right.copy()
    first[3] = right[4]
    second[[1, 2, 3]] = right[[2, 3, 5]]
    predictions = {"a": evaluation.Predictions(first, None)}
    assert evaluation.comparisons(np.arange(10), predictions) == []
    predictions["b"] = evaluation.Predictions(second, None)
    assert evaluation.comparisons(np.arange(10), predictions) == [
        {"models": ["a", "b"], "right_by_one_alone": [2, 0], "p": 0.5}
    ]


DAMAGED = [
    {"history": {}},
    {"history": {"loss": [0.1], "accuracy": [0.9]}},
    {"history": {**HISTORY, "loss": [0.1]}},
    {"history": {**HISTORY, "val_loss": "low"}},
    {"history": {name: [] for name in HISTORY}},
    {},
    {"history": []},
    *({"history": HISTORY, "temperature": each} for each in (0, float("nan"), 1e300, -1, True)),
    {"history": HISTORY, "recipe": ["fast"]},
    {"history": HISTORY, "temperature": "warm"},
]


@pytest.mark.parametrize("record", DAMAGED, ids=str)
def test_damaged_record_is_left_out_and_that_is_said(record, network, tmp_path, capsys):
    assert saved(network, record, tmp_path / "net.h5").record is None
    (said,) = capsys.readouterr().err.splitlines()
    assert "net.h5: the record of its training is left out" in said


def test_a_whole_record_is_one(network, tmp_path, capsys):
    record = {"history": HISTORY}
    assert saved(network, record, tmp_path / "net.h5").record == record
    assert capsys.readouterr().err == ""
