"""Training: batches, schedule, that it learns, and that it resumes where it was killed."""

import json
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
from conftest import ROOT

from digits import UserError
from digits.data import mnist, synthetic
from digits.network import checkpoint, networks, recipes
from digits.network.tensorflow_start import import_tensorflow

import_tensorflow()
import keras  # noqa: E402 - after TensorFlow has been imported quietly
import tensorflow as tf  # noqa: E402

from digits.network import training  # noqa: E402


@pytest.fixture(scope="module")
def examples(small_data):
    return mnist.load_training(small_data)


@pytest.fixture
def path(tmp_path):
    """Where the checkpoint of a training is."""
    return tmp_path / "net.unfinished.h5"


def task(**changes):
    """Return the record of a short training, before it."""
    return {"recipe": "fast", "epochs": 3, "batch_size": 100, "seed": 1, **changes}


def trained(record, examples, path, state=()):
    """Return a network that is trained as the record says, and the record after it."""
    network = training.build(record)
    return network, training.train(network, record, *examples, path, state)


def test_network_learns_and_its_record_says_how(examples, path):
    asked = task(epochs=6, batch_size=50, data="small")
    network, record = trained(asked, examples, path)
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


@pytest.fixture
def ensemble_of_two(monkeypatch):
    """Make the recipe "fast" an ensemble of two networks."""
    fast = recipes.RECIPES["fast"]
    monkeypatch.setitem(recipes.RECIPES, "fast", replace(fast, members=fast.members * 2))


def test_ensemble_learns_and_is_scored_by_its_mean(examples, path, ensemble_of_two):
    network, record = trained(task(batch_size=50), examples, path)
    images, labels = examples[1].images[..., np.newaxis], examples[1].labels
    scores = network.evaluate(images, labels, verbose=0)
    expected = [record["validation_loss"], 1 - record["validation_misses"] / len(labels)]
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert record["history"]["val_accuracy"][-1] > 0.6, "chance would be 0.1"


def test_temperature_makes_the_saved_answers_as_sure_as_they_are_right(examples, path):
    network, record = trained(task(epochs=1), examples, path)
    assert record["temperature"] != 1
    assert record["validation_loss"] <= record["history"]["val_loss"][-1]
    before = training.predict(keras.models.load_model(path), examples[1].images)
    after = training.predict(network, examples[1].images)
    powers = before.astype(np.float64) ** (1 / record["temperature"])
    np.testing.assert_allclose(after, powers / powers.sum(axis=1, keepdims=True), atol=2e-3)


def with_synthetic(monkeypatch, **counts):
    """Give the recipe "fast" so many synthetic images beside the data's, and return it."""
    mixed = replace(recipes.RECIPES["fast"], synthetic=recipes.Synthetic(**counts))
    monkeypatch.setitem(recipes.RECIPES, "fast", mixed)
    return mixed


def test_network_learns_synthetic_digits_and_is_unsure_of_non_digits(examples, path, monkeypatch):
    with_synthetic(monkeypatch, digits=400, non_digits=200)
    network, record = trained(task(epochs=8, batch_size=50), examples, path)
    images, labels = synthetic.digits(300, seed=7)
    digits = training.predict(network, images)
    assert np.mean(digits.argmax(axis=1) == labels) > 0.7, "chance would be 0.1"
    non_digits = training.predict(network, synthetic.non_digits(300, seed=7))
    assert non_digits.max(axis=1).mean() < digits.max(axis=1).mean() - 0.2
    assert record["history"]["accuracy"][-1] > 0.8, "non-digits do not count"


def test_error_while_synthetic_images_are_made_reaches_the_user(examples, path, monkeypatch):
    with_synthetic(monkeypatch, digits=10)

    def no_second_epoch(epochs, counts, seed):
        yield synthetic.digits(counts.total, seed)
        raise ValueError("the pen is dry")

    monkeypatch.setattr(synthetic, "per_epoch", no_second_epoch)
    with pytest.raises(Exception, match="the pen is dry"):
        trained(task(), examples, path)


def test_loss_is_the_mean_of_the_members_and_0_for_a_non_digit_with_equal_probabilities():
    labels = np.array([[3], [synthetic.NON_DIGIT], [synthetic.NON_DIGIT]])
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
    """The weights and the record of a training that nothing interrupted."""
    network, record = trained(task(), examples, tmp_path_factory.mktemp("whole") / "n.h5")
    return all_weights(network), record


def test_same_seed_gives_the_same_weights_and_another_seed_others(examples, path, whole):
    again, other = (trained(task(seed=seed), examples, path)[0] for seed in (1, 2))
    np.testing.assert_array_equal(all_weights(again), whole[0])
    assert not np.allclose(all_weights(other), whole[0])


TWO_DEVICES = """
import sys
import tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
of_kind = tf.config.list_logical_devices
tf.config.list_logical_devices = lambda kind: of_kind("CPU") if kind == "GPU" else of_kind(kind)
from dataclasses import replace
from pathlib import Path
from digits.data import mnist
from digits.network import checkpoint, recipes, training
task = {"recipe": "keras-example", "epochs": 1, "batch_size": 50, "seed": 1}
recipe = recipes.RECIPES[task["recipe"]]
recipes.RECIPES[task["recipe"]] = replace(recipe, synthetic=recipes.Synthetic(digits=100))
data, path = mnist.load_training(Path(sys.argv[1])), Path(sys.argv[2])
training.train(training.build(task), task, *data, path)
record, state = checkpoint.load(path, {})
network = training.build(record)
record = training.train(network, {**record, "epochs": 2}, *data, path, state)
devices = network.distribute_strategy.num_replicas_in_sync
accuracy = network.evaluate(data[1].images[..., None], data[1].labels)[1]
print(devices, *record["history"]["loss"], accuracy)
"""


@pytest.fixture(scope="module", autouse=True)
def two_devices(small_data, tmp_path_factory):
    """The process that trains on two devices, begun while the first tests run."""
    path = tmp_path_factory.mktemp("devices") / "net.unfinished.h5"
    command = [sys.executable, "-c", TWO_DEVICES, small_data, path]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as process:
        yield process
        process.kill()


def test_several_devices_train_one_network(two_devices):
    out, err = two_devices.communicate(timeout=600)
    assert two_devices.returncode == 0, err
    devices, first, second, accuracy = map(float, out.splitlines()[-1].split())
    assert devices == 2
    assert second < first and accuracy > 0.3, "chance would be 0.1"


class Killed(BaseException):
    """What ends a training in the middle."""


@pytest.fixture(scope="module")
def checkpoint_after_two_epochs(examples, tmp_path_factory):
    """The checkpoint of a training that was killed after its second epoch."""
    path = tmp_path_factory.mktemp("killed") / "net.unfinished.h5"
    save = checkpoint.save

    def save_and_die(network, record, state, path):
        save(network, record, state, path)
        if len(record["history"]["loss"]) == 2:
            raise Killed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint, "save", save_and_die)
        with pytest.raises(Killed):
            trained(task(), examples, path)
    return path


@pytest.fixture
def killed(checkpoint_after_two_epochs, path):
    """Have that checkpoint at the path."""
    shutil.copy(checkpoint_after_two_epochs, path)


def test_resumed_training_ends_with_the_weights_of_one_that_was_not_killed(
    examples, path, killed, whole
):
    record, state = checkpoint.load(path, task())
    resumed, record = trained(record, examples, path, state)
    weights, expected = whole
    np.testing.assert_array_equal(all_weights(resumed), weights)
    assert record["history"] == expected["history"]


def test_checkpoint_is_a_model_of_the_last_finished_epoch(examples, path, killed):
    history = checkpoint.load(path, {})[0]["history"]
    images, labels = examples[1].images[..., np.newaxis], examples[1].labels
    loss, accuracy = keras.models.load_model(path).evaluate(images, labels, verbose=0)
    assert accuracy == pytest.approx(history["val_accuracy"][1], abs=0.021), "in bfloat16, perhaps"
    assert loss == pytest.approx(history["val_loss"][1], rel=0.02) != history["val_loss"][0]


@pytest.mark.parametrize("network", ["three_blocks", "two_blocks", None])
def test_training_of_a_recipe_that_has_changed_is_not_resumed(
    network, examples, path, killed, monkeypatch
):
    record, state = checkpoint.load(path, {})
    recipe = recipes.RECIPES[record["recipe"]]
    members = (getattr(networks, network),) if network else recipe.members * 2
    monkeypatch.setitem(recipes.RECIPES, record["recipe"], replace(recipe, members=members))
    with pytest.raises(UserError, match=r"unfinished\.h5: the recipe or Keras has changed"):
        trained(record, examples, path, state)


def test_training_of_a_recipe_that_is_gone_is_not_resumed(path, killed, monkeypatch):
    monkeypatch.setattr(recipes, "RECIPES", {})
    with pytest.raises(UserError, match="the recipe or Keras has changed"):
        checkpoint.load(path, {})


def test_checkpoint_of_another_training_is_not_resumed(path, killed):
    for name, value in {"recipe": "standard", "epochs": 4, "batch_size": 50, "seed": 2}.items():
        with pytest.raises(UserError, match=f"has {name.replace('_', ' ')} .*, not {value}"):
            checkpoint.load(path, {name: value})


def test_nothing_to_resume_is_a_sentence(path):
    with pytest.raises(UserError, match=r"nothing to resume: there is no .*unfinished\.h5"):
        checkpoint.require_place(path, resume=True)
    assert checkpoint.described(path) == ""


def test_damaged_checkpoint_is_a_sentence(path, killed):
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(UserError, match=r"net\.unfinished\.h5: it is damaged"):
        checkpoint.load(path, {})
    assert checkpoint.described(path) == ""


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
def test_training_with_a_damaged_record_is_not_resumed(path, killed, damage):
    with h5py.File(path, "r+") as file:
        file.attrs["training"] = json.dumps(damage(json.loads(file.attrs["training"])))
    with pytest.raises(UserError, match=r"cannot resume .*net\.unfinished\.h5: it.*delete it"):
        checkpoint.load(path, {})
    assert checkpoint.described(path) == ""


def test_model_without_a_state_is_no_checkpoint(path):
    recipes.build(recipes.RECIPES["keras-example"]).save(path)
    with pytest.raises(UserError, match=r"net\.unfinished\.h5"):
        checkpoint.load(path, {})
    assert checkpoint.described(path) == ""


def test_members_learn_each_for_itself_and_are_scored_together():
    labels = np.array([[1], [0]])
    answers = np.float32([[[0.5, 0.5], [0.2, 0.8]], [[0.9, 0.1], [0.05, 0.95]]])
    answers = np.pad(answers, [(0, 0), (0, 0), (0, 8)])  # nothing for the other digits
    expected = [-(np.log(0.5) + np.log(0.8)) / 2, -(np.log(0.9) + np.log(0.05)) / 2]
    np.testing.assert_allclose(training.mean_loss(labels, answers), expected, rtol=1e-5)
    accuracy = training.EnsembleAccuracy()
    accuracy.update_state(labels, answers)
    assert float(accuracy.result()) == 0.5, "the first is right, the second wrong"
    accuracy.update_state(np.array([[synthetic.NON_DIGIT]]), answers[:1])
    assert float(accuracy.result()) == 0.5, "a non-digit does not count"


def test_members_with_images_of_their_own_are_scored_by_their_own_labels():
    labels = np.array([[1, 0], [0, synthetic.NON_DIGIT]])
    answers = np.float32([[[0.2, 0.8], [0.3, 0.7]], [[0.9, 0.1], [0.5, 0.5]]])
    answers = np.pad(answers, [(0, 0), (0, 0), (0, 8)], constant_values=1e-7)
    losses = training.mean_loss(labels, answers)
    np.testing.assert_allclose(losses[0], -(np.log(0.8) + np.log(0.3)) / 2, rtol=1e-5)
    accuracy = training.EnsembleAccuracy()
    accuracy.update_state(labels, answers)
    assert float(accuracy.result()) == pytest.approx(2 / 3), "of three digits, one is wrong"


def test_member_sees_its_own_image_and_answers_as_within_the_ensemble(examples):
    network = recipes.build(recipes.RECIPES["record"])
    images = examples[0].images[:3].astype(np.float32)
    side_by_side = np.stack([images, images[[1, 2, 0]], images[[2, 0, 1]]], axis=-1)
    own = recipes.side_by_side(network)(side_by_side).numpy()
    within = [keras.Model(network.input, output) for output in recipes.member_outputs(network)]
    for n, member in enumerate(within):
        expected = member(side_by_side[..., n : n + 1]).numpy()
        np.testing.assert_allclose(own[:, n], expected, atol=1e-6)


@pytest.mark.parametrize(("steps", "expected"), [(860, 10), (215, 5), (1719, 9), (11, 1), (3, 3)])
def test_epoch_is_made_of_whole_executions(steps, expected):
    recipe = recipes.RECIPES["fast"]
    ensemble = training.compiled(recipes.build(recipe), recipe, steps, epochs=1)
    assert ensemble.steps_per_execution == expected


PLAIN = replace(recipes.RECIPES["fast"], augmentation=None)
EVERYTHING = recipes.Augmentation(bend=1, thinner=1, thicker=1, noise=0.3)


def test_epoch_shows_every_image_once_in_a_new_order(examples):
    labels = examples[0].labels
    batches = training.batches(examples[0], PLAIN, task())
    seen = [batch[1].numpy().ravel() for batch in batches.take(22)]
    assert [len(batch) for batch in seen] == [100] * 22
    epochs = [np.concatenate(seen[:11]), np.concatenate(seen[11:])]
    for epoch in epochs:
        np.testing.assert_array_equal(np.bincount(epoch), np.bincount(labels))
    assert (epochs[0] != epochs[1]).any() and (epochs[0] != labels).any()


def test_each_member_sees_every_image_once_in_an_order_of_its_own(examples):
    three = replace(PLAIN, members=PLAIN.members * 3)
    everything = task(batch_size=len(examples[0].labels))
    images, labels = next(iter(training.batches(examples[0], three, everything)))
    images, labels = images.numpy().astype(np.uint8), labels.numpy()
    number = {image.tobytes(): n for n, image in enumerate(examples[0].images)}
    orders = [[number[image.tobytes()] for image in images[..., n].copy()] for n in range(3)]
    for order, own in zip(orders, labels.T, strict=True):
        np.testing.assert_array_equal(own, examples[0].labels[order])
        assert len(set(order)) == len(number)
    assert orders[0] != orders[1] != orders[2] != orders[0]


@pytest.mark.parametrize("new", [0, 100])
def test_resumed_training_sees_the_batches_of_an_unbroken_one(examples, new):
    recipe = replace(PLAIN, augmentation=EVERYTHING, synthetic=recipes.Synthetic(non_digits=new))
    asked = task(batch_size=300)
    with training.synthetic_images(recipe, asked) as queue:
        whole = list(training.batches(examples[0], recipe, asked, new=queue).take(8))
    with training.synthetic_images(recipe, asked, done=1) as queue:
        later = list(training.batches(examples[0], recipe, asked, done=1, new=queue).take(4))
    for expected, batch in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(expected[0], batch[0])
        np.testing.assert_array_equal(expected[1], batch[1])
    assert (whole[0][0].numpy() != whole[4][0].numpy()).any()


def test_epoch_shows_its_own_synthetic_images_beside_the_examples(examples):
    counts = recipes.Synthetic(digits=80, non_digits=20)
    recipe = replace(PLAIN, synthetic=counts)
    asked = task(batch_size=len(examples[0].labels) + counts.total)
    with training.synthetic_images(recipe, asked) as queue:
        shown = list(training.batches(examples[0], recipe, asked, new=queue).take(3))
    for (images, labels), new in zip(shown, synthetic.per_epoch(3, counts, 1), strict=True):
        expected = np.concatenate([examples[0].images, new[0]])
        assert sorted(image.tobytes() for image in images.numpy().astype(np.uint8)) == sorted(
            image.tobytes() for image in expected
        )
        assert (labels.numpy() == synthetic.NON_DIGIT).sum() == 20


def test_next_epoch_s_synthetic_images_are_made_while_this_one_trains(monkeypatch):
    made = threading.Semaphore(0)

    def per_epoch(epochs, counts, seed):
        for _ in range(epochs):
            made.release()
            yield synthetic.digits(counts.total, seed)

    monkeypatch.setattr(synthetic, "per_epoch", per_epoch)
    recipe = replace(PLAIN, synthetic=recipes.Synthetic(digits=10))
    with training.synthetic_images(recipe, task(epochs=50)) as queue:
        queue.dequeue()
        assert made.acquire(timeout=60) and made.acquire(timeout=60), "an epoch ahead"
        time.sleep(0.5)
        assert sum(made.acquire(blocking=False) for _ in range(50)) <= 1, "but not all of them"


def test_images_are_augmented_if_the_recipe_says_so(examples):
    originals = {image.tobytes() for image in examples[0].images}

    def unchanged(augmentation):
        recipe = replace(PLAIN, augmentation=augmentation)
        images, _ = next(iter(training.batches(examples[0], recipe, task())))
        images = images.numpy().astype(np.uint8)
        return sum(image.tobytes() in originals for image in images)

    assert unchanged(None) == 100
    assert unchanged(recipes.Augmentation()) < 5


STATUS = Path("/proc/self/status")


@pytest.mark.skipif(not STATUS.exists(), reason="Linux says how much memory a process has")
def test_images_are_held_once():
    examples = mnist.Examples(np.ones((150_000, 28, 28), np.uint8), np.ones(150_000, np.uint8), "")
    batches = training.batches(examples, PLAIN, task())
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
    examples, path, monkeypatch, recipe, units
):
    seen = []
    monkeypatch.setattr(training, "has_bfloat16_units", lambda: units)
    monkeypatch.setattr(checkpoint, "save", lambda *_: seen.append(in_bfloat16()))
    _, record = trained(task(recipe=recipe, epochs=1), examples, path)
    assert seen == [recipe == "fast" and units] == [record["bfloat16"]]
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
