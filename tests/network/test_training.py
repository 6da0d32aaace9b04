"""Training: batches, schedule, that it learns, and that it goes on where it was killed."""

import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from conftest import ROOT

from digits import UserError
from digits.data import mnist, synthetic
from digits.network import checkpoint, recipes
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
import tensorflow as tf  # noqa: E402

from digits.network import training  # noqa: E402


@pytest.fixture(scope="module")
def examples(small_data):
    return mnist.load_training(small_data)


@pytest.fixture
def place(tmp_path):
    """Where an unfinished training is kept."""
    return tmp_path / "net.unfinished.h5"


def task(**changes):
    """Return the record of a short training, before it."""
    return {"recipe": "fast", "epochs": 3, "batch_size": 100, "seed": 1, **changes}


def test_network_learns_and_its_record_says_how(examples, place):
    asked = task(epochs=6, batch_size=50, data="small")
    network, record = training.train(asked, *examples, place)
    history = record["history"]
    assert set(history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert all(len(values) == 6 for values in history.values())
    assert history["val_accuracy"][-1] > 0.9, "chance would be 0.1"
    assert history["loss"][-1] < history["loss"][0]
    assert {**record, **asked} == record and record["seconds"] > 0
    images, labels = examples[1].images[..., np.newaxis], examples[1].labels
    scores = network.evaluate(images, labels, verbose=0)
    expected = [record["validation_loss"], 1 - record["validation_misses"] / len(labels)]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert scores[1] == pytest.approx(history["val_accuracy"][-1], abs=1e-6)


def test_network_of_two_branches_learns_and_is_scored_by_their_mean(examples, place, monkeypatch):
    fast = recipes.RECIPES["fast"]
    monkeypatch.setitem(recipes.RECIPES, "fast", replace(fast, branches=fast.branches * 2))
    network, record = training.train(task(batch_size=50), *examples, place)
    images, labels = examples[1].images[..., np.newaxis], examples[1].labels
    scores = network.evaluate(images, labels, verbose=0)
    expected = [record["validation_loss"], 1 - record["validation_misses"] / len(labels)]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    best = max(record["history"]["val_accuracy"])
    assert best > 0.6, "chance would be 0.1"
    kept = keras.models.load_model(place).evaluate(images, labels, verbose=0)
    assert kept[1] == pytest.approx(best, abs=1e-6)


def test_temperature_makes_the_saved_answers_as_sure_as_they_are_right(examples, place):
    network, record = training.train(task(epochs=1), *examples, place)
    assert record["temperature"] != 1
    assert record["validation_loss"] <= record["history"]["val_loss"][-1]
    before = training.predict(keras.models.load_model(place), examples[1].images)
    after = training.predict(network, examples[1].images)
    powers = before.astype(np.float64) ** (1 / record["temperature"])
    np.testing.assert_allclose(after, powers / powers.sum(axis=1, keepdims=True), atol=2e-3)


@pytest.fixture
def with_drawn_ones(monkeypatch):
    """The recipe "fast" with drawn digits and what is none beside the data's."""
    mixed = replace(recipes.RECIPES["fast"], drawn=recipes.Drawn(digits=700, none=300))
    monkeypatch.setitem(recipes.RECIPES, "fast", mixed)


def test_network_learns_drawn_digits_and_that_others_are_none(
    examples, place, with_drawn_ones, monkeypatch
):
    monkeypatch.setattr(synthetic, "MOST_EPOCHS", 2)  # more would take long to draw
    network, record = training.train(task(epochs=8, batch_size=50), *examples, place)
    images, labels = synthetic.digits(300, seed=7)
    drawn = training.predict(network, images)
    assert np.mean(drawn.argmax(axis=1) == labels) > 0.7, "chance would be 0.1"
    none = training.predict(network, synthetic.no_digits(300, seed=7))
    assert none.max(axis=1).mean() < drawn.max(axis=1).mean() - 0.2
    assert record["history"]["accuracy"][-1] > 0.8, "what is no digit does not count"


def test_loss_is_the_mean_of_the_branches_and_nought_where_no_digit_is_seen_as_none():
    labels = np.array([[3], [synthetic.NO_DIGIT], [synthetic.NO_DIGIT]])
    sure = np.full(10, 0.01)
    sure[3] = 0.91
    even = np.full(10, 0.1)
    probabilities = np.float32([[sure, even], [even, even], [sure, even]])
    divergence = (0.1 * np.log(0.1 / sure)).sum() / 2
    expected = [-(np.log(0.91) + np.log(0.1)) / 2, 0, divergence]
    np.testing.assert_allclose(training.mean_loss(labels, probabilities), expected, atol=1e-5)


def all_weights(network):
    return np.concatenate([weights.ravel() for weights in network.get_weights()])


@pytest.fixture(scope="module")
def whole(examples, tmp_path_factory):
    """The weights and the record of a training from its beginning to its end."""
    network, record = training.train(task(), *examples, tmp_path_factory.mktemp("whole") / "n.h5")
    return all_weights(network), record


def test_same_seed_gives_the_same_weights_and_another_others(examples, place, whole):
    again, other = (training.train(task(seed=seed), *examples, place)[0] for seed in (1, 2))
    np.testing.assert_array_equal(all_weights(again), whole[0])
    assert not np.allclose(all_weights(other), whole[0])


TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
of_kind = tf.config.list_logical_devices
tf.config.list_logical_devices = lambda kind: of_kind("CPU") if kind == "GPU" else of_kind(kind)
from pathlib import Path
from digits.data import mnist
from digits.network import training
from digits.network import checkpoint
task = {"recipe": "keras-example", "epochs": 1, "batch_size": 100, "seed": 1}
data, place = mnist.load_training(Path(sys.argv[1])), Path(sys.argv[2])
training.train(task, *data, place)
record, state = checkpoint.load(place, {})
network, record = training.train({**record, "epochs": 2}, *data, place, state)
devices = training.strategy().num_replicas_in_sync
accuracy = network.evaluate(data[1].images[..., None], data[1].labels)[1]
print(devices, *record["history"]["loss"], accuracy)
"""


@pytest.fixture(scope="module", autouse=True)
def two_devices(small_data, tmp_path_factory):
    """The process that trains on two devices, begun while the first tests run."""
    place = tmp_path_factory.mktemp("devices") / "net.unfinished.h5"
    command = [sys.executable, "-c", TWO_DEVICES, small_data, place]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        yield process
        process.kill()


def test_several_devices_train_one_network(two_devices):
    out, err = two_devices.communicate(timeout=120)
    assert two_devices.returncode == 0, err
    devices, first, second, accuracy = map(float, out.splitlines()[-1].split())
    assert devices == 2
    assert second < first and accuracy > 0.3, "chance would be 0.1"


class Killed(BaseException):
    """What ends a training in the middle."""


@pytest.fixture(scope="module")
def unfinished_after_two_epochs(examples, tmp_path_factory):
    """What is kept of a training that has been killed after its second epoch."""
    place = tmp_path_factory.mktemp("killed") / "net.unfinished.h5"

    def save(network, record, state, path):
        checkpoint.save(network, record, state, path)
        if len(record["history"]["loss"]) == 2:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "checkpoint", SimpleNamespace(**{**vars(checkpoint), "save": save}))
        with pytest.raises(Killed):
            training.train(task(), *examples, place)
    return place


@pytest.fixture
def killed_after_two_epochs(unfinished_after_two_epochs, place):
    """Have that at its place."""
    shutil.copy(unfinished_after_two_epochs, place)


def test_resumed_training_ends_with_the_weights_of_one_that_was_not_killed(
    examples, place, killed_after_two_epochs, whole
):
    record, state = checkpoint.load(place, task())
    resumed, record = training.train(record, *examples, place, state)
    weights, expected = whole
    np.testing.assert_array_equal(all_weights(resumed), weights)
    assert record["history"] == expected["history"]


@pytest.fixture
def kept(monkeypatch):
    """The weights of the kept model after each epoch, where the second is the best of three."""
    weights = {}

    def save(network, record, state, path):
        checkpoint.save(network, record, state, path)
        weights[len(record["history"]["loss"])] = all_weights(keras.models.load_model(path))

    patched = SimpleNamespace(**{**vars(checkpoint), "save": save})
    patched.best_epoch = lambda record: min(2, len(record["history"]["loss"]))
    monkeypatch.setattr(training, "checkpoint", patched)
    return weights


def test_unfinished_training_holds_its_best_epoch_as_a_model_and_so_does_a_resumed_one(
    examples, place, kept
):
    network, _ = training.train(task(), *examples, place)
    assert (kept[2] != kept[1]).any()
    np.testing.assert_array_equal(kept[3], kept[2], "the third is not better than the second")
    assert (all_weights(network) != kept[3]).any(), "it trained on with its own"
    record, state = checkpoint.load(place, {})
    training.train({**record, "epochs": 4}, *examples, place, state)
    np.testing.assert_array_equal(kept[4], kept[2])


@pytest.mark.parametrize(
    ("accuracies", "expected"), [([0.5], 1), ([0.5, 0.7, 0.6], 2), ([0.7, 0.7], 1)]
)
def test_best_epoch_is_the_first_of_the_highest_validation_accuracy(accuracies, expected):
    assert checkpoint.best_epoch({"history": {"val_accuracy": accuracies}}) == expected


@pytest.mark.parametrize("branch", ["three_blocks", "two_blocks", None])
def test_training_of_a_recipe_that_has_changed_is_not_resumed(
    branch, examples, place, killed_after_two_epochs, monkeypatch
):
    record, state = checkpoint.load(place, {})
    recipe = recipes.RECIPES[record["recipe"]]
    branches = (getattr(recipes, branch),) if branch else recipe.branches * 2
    changed = replace(recipe, branches=branches)
    monkeypatch.setitem(recipes.RECIPES, record["recipe"], changed)
    with pytest.raises(UserError, match=r"unfinished\.h5: the recipe or Keras has changed"):
        training.train(record, *examples, place, state)


def test_training_of_a_recipe_that_is_gone_is_not_resumed(
    place, killed_after_two_epochs, monkeypatch
):
    monkeypatch.setattr(recipes, "RECIPES", {})
    with pytest.raises(UserError, match="the recipe or Keras has changed"):
        checkpoint.load(place, {})


def test_another_training_is_not_taken_for_the_unfinished_one(place, killed_after_two_epochs):
    for name, value in {"recipe": "standard", "epochs": 4, "batch_size": 50, "seed": 2}.items():
        with pytest.raises(UserError, match=f"has {name.replace('_', ' ')} .*, not {value}"):
            checkpoint.load(place, {name: value})


def test_nothing_to_resume_is_a_sentence(place):
    with pytest.raises(UserError, match=r"nothing to resume: there is no .*unfinished\.h5"):
        checkpoint.require(place)
    assert checkpoint.described(place) == ""


def test_damaged_unfinished_training_is_a_sentence(place, killed_after_two_epochs):
    place.write_bytes(place.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"net\.unfinished\.h5: it is damaged"):
        checkpoint.load(place, {})
    assert checkpoint.described(place) == ""


def without(record, *names):
    return {name: value for name, value in record.items() if name not in names}


def shorter(history):
    return {**history, "loss": history["loss"][:1]}


DAMAGED_RECORDS = {
    "no history": lambda record: record | {"history": {}},
    "a list as history": lambda record: record | {"history": []},
    "no validation": lambda record: (
        record | {"history": without(record["history"], "val_accuracy")}
    ),
    "gaps": lambda record: record | {"history": shorter(record["history"])},
    "epochs in words": lambda record: record | {"epochs": "x"},
    "no epochs": lambda record: record | {"epochs": 0},
    "fewer epochs than done": lambda record: record | {"epochs": 1},
    "no batches": lambda record: record | {"batch_size": None},
    "no recipe": lambda record: without(record, "recipe"),
    "no seconds": lambda record: record | {"seconds": float("nan")},
    "no record": lambda record: "lost",
}


@pytest.mark.parametrize("damage", DAMAGED_RECORDS.values(), ids=DAMAGED_RECORDS)
def test_training_with_a_damaged_record_is_not_resumed(place, killed_after_two_epochs, damage):
    with h5py.File(place, "r+") as file:
        file.attrs["training"] = json.dumps(damage(json.loads(file.attrs["training"])))
    with pytest.raises(UserError, match=r"cannot resume .*net\.unfinished\.h5: it.*delete it"):
        checkpoint.load(place, {})
    assert checkpoint.described(place) == ""


def test_model_without_a_state_is_no_unfinished_training(place):
    recipes.build(recipes.RECIPES["keras-example"]).save(place)
    with pytest.raises(UserError, match=r"net\.unfinished\.h5"):
        checkpoint.load(place, {})
    assert checkpoint.described(place) == ""


def test_branches_learn_each_for_itself_and_are_scored_together():
    labels = np.array([[1], [0]])
    answers = np.float32([[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.05, 0.95]]])
    answers = np.pad(answers, [(0, 0), (0, 0), (0, 8)])  # nothing for the other digits
    expected = [-(np.log(0.5) + np.log(0.8)) / 2, -(np.log(0.9) + np.log(0.05)) / 2]
    np.testing.assert_allclose(training.mean_loss(labels, answers), expected, rtol=1e-5)
    accuracy = training.AccuracyOfMean()
    accuracy.update_state(labels, answers)
    assert float(accuracy.result()) == 0.5, "the first is right, the second wrong"
    accuracy.update_state(np.array([[synthetic.NO_DIGIT]]), answers[:1])
    assert float(accuracy.result()) == 0.5, "what is no digit does not count"


def test_branches_with_images_of_their_own_are_scored_by_their_own_labels():
    labels = np.array([[1, 0], [0, synthetic.NO_DIGIT]])
    answers = np.float32([[[0.2, 0.8], [0.3, 0.7]], [[0.9, 0.1], [0.5, 0.5]]])
    answers = np.pad(answers, [(0, 0), (0, 0), (0, 8)], constant_values=1e-7)
    losses = training.mean_loss(labels, answers)
    np.testing.assert_allclose(losses[0], -(np.log(0.8) + np.log(0.3)) / 2, rtol=1e-5)
    accuracy = training.AccuracyOfMean()
    accuracy.update_state(labels, answers)
    assert float(accuracy.result()) == pytest.approx(2 / 3), "of three digits, one is wrong"


def test_branch_sees_its_own_image_and_answers_as_within_the_network(examples):
    network = recipes.build(recipes.RECIPES["record"])
    images = examples[0].images[:3].astype(np.float32)
    side_by_side = np.stack([images, images[[1, 2, 0]], images[[2, 0, 1]]], axis=-1)
    own = recipes.side_by_side(network)(side_by_side).numpy()
    within = [keras.Model(network.input, answer) for answer in recipes.answers(network)]
    for n, branch in enumerate(within):
        expected = branch(side_by_side[..., n : n + 1]).numpy()
        np.testing.assert_allclose(own[:, n], expected, atol=1e-6)


@pytest.mark.parametrize(("steps", "expected"), [(860, 10), (215, 5), (1719, 9), (11, 1), (3, 3)])
def test_epoch_is_made_of_whole_executions(steps, expected):
    network = recipes.build(recipes.RECIPES["fast"])
    training.compile_for_branches(network, "adam", steps, 10)
    assert network.steps_per_execution == expected


def test_epoch_shows_every_image_once_in_a_new_order(examples):
    labels = examples[0].labels
    batches = training.batches(examples[0], 100, seed=1)
    seen = [batch[1].numpy().ravel() for batch in batches.take(22)]
    assert [len(batch) for batch in seen] == [100] * 22
    epochs = [np.concatenate(seen[:11]), np.concatenate(seen[11:])]
    for epoch in epochs:
        np.testing.assert_array_equal(np.bincount(epoch), np.bincount(labels))
    assert (epochs[0] != epochs[1]).any() and (epochs[0] != labels).any()


def test_each_branch_sees_every_image_once_in_an_order_of_its_own(examples):
    everything = len(examples[0].labels)
    images, labels = next(iter(training.batches(examples[0], everything, seed=1, branches=3)))
    images, labels = images.numpy().astype(np.uint8), labels.numpy()
    number = {image.tobytes(): n for n, image in enumerate(examples[0].images)}
    orders = [[number[image.tobytes()] for image in images[..., n].copy()] for n in range(3)]
    for order, own in zip(orders, labels.T, strict=True):
        np.testing.assert_array_equal(own, examples[0].labels[order])
        assert len(set(order)) == len(number)
    assert orders[0] != orders[1] != orders[2] != orders[0]


def test_batches_go_on_where_an_epoch_ended(examples):
    distortion = recipes.Distortion(bend=1, thinner=1, thicker=1, noise=0.3)
    whole = list(training.batches(examples[0], 300, 1, distortion).take(8))
    later = list(training.batches(examples[0], 300, 1, distortion, epochs_done=1).take(4))
    for expected, batch in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(expected[0], batch[0])
        np.testing.assert_array_equal(expected[1], batch[1])
    assert (whole[0][0].numpy() != whole[4][0].numpy()).any()


def test_epoch_shows_its_own_drawn_images_beside_those_of_all_epochs(examples):
    drawn = synthetic.for_epochs(3, recipes.Drawn(digits=80, none=20), seed=1)
    n = len(examples[0].labels) + 100
    for epoch in range(4):
        batches = training.batches(examples[0], n, 1, epochs_done=epoch, drawn=drawn)
        images, labels = (each.numpy() for each in next(iter(batches)))
        expected = np.concatenate([examples[0].images, drawn.images[epoch % 3]])
        assert sorted(image.tobytes() for image in images.astype(np.uint8)) == sorted(
            image.tobytes() for image in expected
        )
        assert (labels == synthetic.NO_DIGIT).sum() == 20


def test_images_come_distorted_if_the_recipe_says_so(examples):
    originals = {image.tobytes() for image in examples[0].images}

    def unchanged(distortion):
        images, _ = next(iter(training.batches(examples[0], 100, 1, distortion)))
        images = images.numpy().astype(np.uint8)
        return sum(image.tobytes() in originals for image in images)

    assert unchanged(None) == 100
    assert unchanged(recipes.Distortion()) < 5


STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="Linux says how much memory a process has")
def test_images_are_held_once():
    examples = mnist.Examples(np.ones((150_000, 28, 28), np.uint8), np.ones(150_000, np.uint8), "")
    batches = training.batches(examples, 100, 1)
    before = resident_memory()
    iterator = iter(batches)
    next(iterator)
    assert resident_memory() - before < examples.images.nbytes / 2


def resident_memory():
    """Return the bytes of memory that this process has."""
    return 1024 * int(re.search(r"VmRSS:\s+(\d+)", STATUS.read_text())[1])


def in_bfloat16():
    option = "auto_mixed_precision_onednn_bfloat16"
    return tf.config.optimizer.get_experimental_options().get(option, False)


@pytest.mark.parametrize("recipe, units", [("fast", True), ("fast", False), ("two-blocks", True)])
def test_only_own_recipes_train_in_bfloat16_and_only_where_it_is_faster(
    examples, place, monkeypatch, recipe, units
):
    seen = []
    monkeypatch.setattr(training, "has_bfloat16_units", lambda: units)
    monkeypatch.setattr(training, "fit", lambda *_: seen.append(in_bfloat16()))
    training.train(task(recipe=recipe), *examples, place)
    assert seen == [recipe == "fast" and units]
    assert not in_bfloat16(), "what comes after is computed in float32"


def test_processor_has_bfloat16_units_if_linux_says_so(tmp_path):
    for text, expected in (
        ("flags : avx512f amx_bf16 amx_tile", True),
        ("flags : avx512f avx512_bf16 gfni", True),
        ("flags : avx512f avx2", False),
    ):
        (tmp_path / "cpuinfo").write_text(text)
        assert training.has_bfloat16_units(tmp_path / "cpuinfo") is expected
    assert not training.has_bfloat16_units(tmp_path / "none")


def test_learning_rate_rises_to_its_peak_and_falls_to_almost_nothing():
    rates = [float(training.one_cycle(0.01, 400)(step)) for step in range(401)]
    assert np.argmax(rates) == 100
    assert max(rates) == pytest.approx(0.01)
    assert rates[0] < 0.0011 and rates[-1] < 0.0001
    assert (np.diff(rates[:100]) > 0).all() and (np.diff(rates[101:]) < 0).all()
