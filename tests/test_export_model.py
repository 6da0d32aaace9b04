"""The export: a SavedModel that answers as predict_image.py does, in the layout that is served."""

import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, assert_refused, full_disk, printed_digits

from digits import UserError
from digits.network import model_file, other_models, predictor, recipes
from digits.network.tensorflow_start import import_tensorflow

sys.path.insert(0, str(ROOT / "tools"))
import export_model

tf = import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly


@pytest.fixture
def model(tmp_path):
    """The path of a network that is not trained, and answers all the same."""
    path = tmp_path / "net.h5"
    model_file.save(recipes.build(recipes.RECIPES["fast"]), {}, path)
    return path


def foreign_model(tmp_path, monkeypatch, words, last):
    """Return the path of another program's, which expects such pixels and has such a last layer."""
    (convention,) = (each for each in other_models.CONVENTIONS if each.words.startswith(words))
    kind = other_models.LOGITS if last == "linear" else other_models.SIGMOIDS
    expected = other_models.Expected(convention, kind)
    monkeypatch.setattr(other_models, "found", lambda network: (expected, 99, 100))
    parts = [keras.layers.Flatten(), keras.layers.Dense(10, activation=last)]
    keras.Sequential([keras.Input((28, 28)), *parts]).save(tmp_path / "foreign.h5")
    return tmp_path / "foreign.h5"


def served(folder):
    """Return what TensorFlow Serving calls for a folder of one version."""
    return tf.saved_model.load(str(folder)).signatures["serving_default"]


def assert_exported_as_predicted(path, folder, trust=False):
    images, _ = printed_digits(5, seed=8)
    answer = served(export_model.export(path, folder, trust))
    probabilities = answer(images=tf.constant(images, tf.float32))["probabilities"]
    np.testing.assert_allclose(probabilities, predictor.load(path)(images), atol=1e-5)


def test_export_answers_as_the_prediction_does(model, tmp_path):
    assert_exported_as_predicted(model, tmp_path / "served")


@pytest.mark.parametrize(
    ("words", "last"),
    [("from 0 to 1, dark", "linear"), ("divided by the norm", "sigmoid")],
)
def test_export_of_another_project_s_model_does_too(tmp_path, monkeypatch, words, last):
    path = foreign_model(tmp_path, monkeypatch, words, last)
    with pytest.raises(UserError, match=r"saved by another program.*add --trust"):
        export_model.export(path, tmp_path / "served")
    assert_exported_as_predicted(path, tmp_path / "served", trust=True)


def test_each_export_is_the_next_version_and_leaves_the_others(model, tmp_path):
    folder = tmp_path / "served"
    (folder / "9").mkdir(parents=True)
    (folder / "9" / "kept").touch()
    (folder / "10-old").mkdir()
    assert export_model.export(model, folder) == folder / "10"
    assert sorted(each.name for each in folder.iterdir()) == ["10", "10-old", "9"]
    assert (folder / "9" / "kept").exists()
    assert {"saved_model.pb", "variables"} <= {each.name for each in (folder / "10").iterdir()}


def test_export_to_a_full_disk_is_a_sentence_and_leaves_nothing(model, tmp_path):
    with full_disk(100_000), pytest.raises(UserError, match=r"cannot write .*served.1: TensorFlow"):
        export_model.export(model, tmp_path / "served")
    assert not list((tmp_path / "served").iterdir())


def test_export_says_where_it_is_and_nothing_else(run, model, tmp_path):
    result = run("tools/export_model.py", "served", "--model", model)
    assert result.returncode == 0, result.stderr
    assert result.stdout == f"saved as {Path('served', '1')}\n"
    assert "Keras" not in result.stderr and "TensorFlow" not in result.stderr


def test_export_of_what_is_no_model_is_refused(run, tmp_path):
    assert_refused(run("tools/export_model.py", "served", "--model", "gone.h5"), "no model at gone")
    assert not (tmp_path / "elsewhere" / "served").exists()
