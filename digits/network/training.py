"""Batches, schedule, epochs: everything between a recipe and a trained network."""

import math
import platform
import signal
import sys
import time
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from digits import metrics
from digits.data import synthetic
from digits.network import checkpoint, recipes
from digits.network.augmentation import distorted

WARM_UP = 0.25  # the share of all steps in which the learning rate rises
START, END = 0.1, 0.002  # the learning rate's first and last value, as shares of its peak
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # what Linux calls units for it
VALIDATION_BATCH = 100  # images: of more, the first layers' values take more memory than training


def train(record, training, validation, place, state=()):
    """Return a network trained by its recipe, and its record with what came of it added.

    `record` is a dict with "recipe", "epochs", "batch_size" and "seed", and has a "history" if the
    training goes on, from the arrays `state` that `checkpoint.load` gave. `training` and
    `validation` are `mnist.Examples`. After each epoch `checkpoint.save` keeps it at `place`.
    Prints a progress bar, loss and accuracy on stderr. Raises KeyboardInterrupt after Ctrl-C, and
    `checkpoint.ChangedError` if what is to go on is of another network.
    """
    keras.utils.set_random_seed(record["seed"])
    recipe, epochs = recipes.RECIPES[record["recipe"]], record["epochs"]
    images = len(training.labels) + recipe.drawn.images  # in an epoch
    steps = math.ceil(images / record["batch_size"])
    in_bfloat16 = recipe.bfloat16 and has_bfloat16_units()
    record = {"history": {}, "seconds": 0, "bfloat16": in_bfloat16, **versions(), **record}
    with strategy().scope():
        network, trainee = compiled(recipe, epochs, steps)
        progress = Progress(network, record, place)
        if state:
            restore(trainee, state, place)
            progress.load_best_weights()
    done = progress.epochs_done()
    shuffled = batches_of(recipe, record, training, done)
    with bfloat16(in_bfloat16):
        fit(trainee, shuffled, validation, steps, done, epochs, progress)
    return network, {**progress.record, **calibrated(network, trainee, validation)}


def calibrated(network, trainee, validation):
    """Make the network's confidence honest on the validation images, and return what it is then.

    Its temperature goes into the weights before each softmax, so that whoever loads the file has
    it.
    """
    probabilities = predict(trainee, validation.images)
    temperature = metrics.temperature(validation.labels, probabilities)
    for layer in network.layers:
        if getattr(layer, "activation", None) is keras.activations.softmax:
            layer.set_weights([weights / temperature for weights in layer.get_weights()])
    answers = metrics.temperature_scaled(probabilities, temperature)
    return {
        "temperature": round(temperature, 3),
        "validation_misses": int((answers.argmax(axis=1) != validation.labels).sum()),
        "validation_loss": round(metrics.cross_entropy(validation.labels, answers), 6),
    }


def predict(model, images):
    """Return what a model makes of images, uint8 (n, 28, 28): a trainee, (n, branches, 10)."""
    images = for_all_branches(model, images)
    return model.predict(images, batch_size=VALIDATION_BATCH, verbose=0)


def for_all_branches(model, images):
    """Return images, (n, 28, 28), each as often as a model has channels: (n, 28, 28, channels)."""
    return np.repeat(images[..., np.newaxis], model.inputs[0].shape[-1], axis=-1)


def compiled(recipe, epochs, steps):
    """Return the recipe's network, and one of the same weights that trains its branches."""
    network = recipes.build(recipe)
    network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    trainee = recipes.side_by_side(network)
    rule = optimizer(recipe, epochs * steps)
    compile_for_branches(trainee, rule, steps, recipe.steps_per_execution)
    return network, trainee


def strategy():
    """Return how TensorFlow spreads a batch: over all GPUs, if it sees several."""
    devices = tf.config.list_logical_devices("GPU")
    if len(devices) > 1:
        return tf.distribute.MirroredStrategy([device.name for device in devices])
    return tf.distribute.get_strategy()


@contextmanager
def bfloat16(wanted):
    """Let TensorFlow multiply in bfloat16 in this block; weights and sums stay float32.

    oneDNN's mixed precision, after Micikevicius et al. (2018, arXiv:1710.03740).
    """
    option = "auto_mixed_precision_onednn_bfloat16"
    tf.config.optimizer.set_experimental_options({option: wanted})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({option: False})


def has_bfloat16_units(cpuinfo=Path("/proc/cpuinfo")):
    """Return whether Linux says that the processor multiplies bfloat16: without, it would take
    longer."""
    try:
        return not BFLOAT16_FLAGS.isdisjoint(cpuinfo.read_text().split())
    except OSError:
        return False


def optimizer(recipe, steps):
    """Return Adam at the recipe's learning rate, or along its cycle over all `steps`."""
    rate = one_cycle(recipe.learning_rate, steps) if recipe.one_cycle else recipe.learning_rate
    return keras.optimizers.Adam(rate)


def one_cycle(peak, steps):
    """Return a schedule that rises to `peak` and falls to almost nothing along a half cosine.

    One cycle of warm-up and annealing, after Smith and Topin (2017, arXiv:1708.07120).
    """
    warm_up = int(WARM_UP * steps)
    return keras.optimizers.schedules.CosineDecay(
        START * peak, steps - warm_up, alpha=END, warmup_target=peak, warmup_steps=warm_up
    )


def compile_for_branches(trainee, optimizer, steps, most_at_once):
    """Compile a network of (n, branches, 10) so that each branch learns, and their mean is scored.

    An epoch is made of whole executions, of `most_at_once` steps or fewer, which end with it.
    """
    at_once = max(n for n in range(1, most_at_once + 1) if steps % n == 0)
    accuracy = AccuracyOfMean(name="accuracy")
    trainee.compile(optimizer, mean_loss, metrics=[accuracy], steps_per_execution=at_once)


def mean_loss(labels, probabilities):
    """Return the mean of the branches' cross-entropies, of shape (n,).

    `labels` are (n, branches), or (n, 1) where all see the same, `probabilities` (n, branches, 10).
    For what is no digit, whose label is past the last, all ten should be as likely: of that, it is
    the divergence, which is 0 where it is reached.
    """
    none = keras.ops.cast(labels == synthetic.NO_DIGIT, "float32")
    wanted = keras.ops.one_hot(keras.ops.cast(labels, "int32"), metrics.CLASSES)
    wanted = wanted + none[..., np.newaxis] / metrics.CLASSES
    losses = keras.losses.categorical_crossentropy(
        keras.ops.broadcast_to(wanted, keras.ops.shape(probabilities)), probabilities
    )
    return keras.ops.mean(losses - none * math.log(metrics.CLASSES), axis=1)


class AccuracyOfMean(keras.metrics.Mean):
    """The share of right answers of the digits among the images.

    Where all branches saw the same image, (n, 1) labels, their mean answers; else each for itself.
    """

    def update_state(self, labels, probabilities, sample_weight=None):
        if labels.shape[1] == 1:
            probabilities = keras.ops.mean(probabilities, axis=1, keepdims=True)
        right = keras.metrics.sparse_categorical_accuracy(labels, probabilities)
        super().update_state(right, keras.ops.cast(labels != synthetic.NO_DIGIT, "float32"))


def restore(trainee, state, place):
    """Put back the arrays of the unfinished training at `place`.

    Raises `checkpoint.ChangedError` if they are of another network.
    """
    trainee.optimizer.build(trainee.trainable_variables)
    shapes = [tuple(variable.shape) for variable in variables(trainee)]
    if shapes != [array.shape for array in state]:
        raise checkpoint.ChangedError(place)
    for variable, array in zip(variables(trainee), state, strict=True):
        variable.assign(array)


def variables(trainee):
    """Return all that changes in a training: weights, averages, moments, states of chance."""
    return [*trainee.variables, *trainee.optimizer.variables]


class Progress(keras.callbacks.Callback):
    """Keeps the record, and after each epoch a file that holds all that is needed to go on."""

    def __init__(self, network, record, place):
        super().__init__()
        self.network, self.record, self.place = network, record, place
        self.started = time.perf_counter() - record["seconds"]
        self.best_weights = network.get_weights()

    def load_best_weights(self):
        """Take the best epoch's weights from the file, whose model they are.

        Raises `checkpoint.ChangedError` if they are of another network.
        """
        with weights_of(self.network, self.best_weights):
            try:
                self.network.load_weights(self.place)
            except Exception as error:  # Keras raises whatever its many readers raise
                raise checkpoint.ChangedError(self.place) from error
            self.best_weights = self.network.get_weights()

    def epochs_done(self):
        return len(self.record["history"].get("val_accuracy", ()))

    def on_epoch_end(self, epoch, logs):
        for name, value in logs.items():
            self.record["history"].setdefault(name, []).append(round(float(value), 6))
        self.record["seconds"] = round(time.perf_counter() - self.started, 1)
        if checkpoint.best_epoch(self.record) == self.epochs_done():
            self.best_weights = self.network.get_weights()
        state = [variable.numpy() for variable in variables(self.model)]
        with weights_of(self.network, self.best_weights):
            checkpoint.save(self.network, self.record, state, self.place)


@contextmanager
def weights_of(network, weights):
    """Give the network other weights in this block."""
    own = network.get_weights()
    network.set_weights(weights)
    try:
        yield
    finally:
        network.set_weights(own)


def fit(trainee, batches, validation, steps, done, epochs, progress):
    """Train from the epoch after those `done` to the last."""
    with redirect_stdout(sys.stderr), interruptible() as interruption:  # its bar goes to stderr
        trainee.fit(
            batches,
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=epochs,
            callbacks=[progress, interruption],
            shuffle=False,  # the batches are shuffled already
            validation_data=(
                for_all_branches(trainee, validation.images),
                validation.labels[:, np.newaxis],
            ),
            validation_batch_size=VALIDATION_BATCH,
            verbose=1 if sys.stderr.isatty() else 2,  # without a terminal, a line per epoch
        )


@contextmanager
def interruptible():
    """Yield a callback that lets Ctrl-C end the training after a batch, not inside TensorFlow.

    An exception in the middle of its calls can crash it. A second Ctrl-C does not wait.
    """
    asked = []

    def ask(signal_number, frame):
        if asked:
            raise KeyboardInterrupt
        asked.append(signal_number)

    def answer(batch, logs):
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield keras.callbacks.LambdaCallback(on_train_batch_end=answer, on_test_batch_end=answer)
    finally:
        signal.signal(signal.SIGINT, before)


def batches_of(recipe, record, training, epochs_done):
    """Return a training's batches from there on, the recipe's drawn images among them."""
    epochs, batch_size, seed = (record[name] for name in ("epochs", "batch_size", "seed"))
    return batches(
        training,
        batch_size,
        seed,
        recipe.distortion,
        len(recipe.branches),
        epochs_done,
        synthetic.for_epochs(epochs, recipe.drawn, seed),  # held by none but its taker
    )


def batches(examples, batch_size, seed, distortion=None, branches=1, epochs_done=0, drawn=None):
    """Return a `tf.data.Dataset` of batches, epoch after epoch, each in another order, distorted.

    Of `drawn`, images (epochs, m, 28, 28), each epoch has its own beside the examples, the first
    ones again after the last. A batch's images are float32 of shape (batch, 28, 28, branches), 0 to
    255, its labels (batch, branches): each branch has its own order, for branches that learn from
    the same batches err alike. What a batch holds depends on the seed and its number alone, so that
    a training can go on where it ended. Indices are shuffled and whole batches gathered: single
    examples would cost more than the network.
    """
    shared, (epochs, own) = len(examples.labels), drawn.labels.shape if drawn else (1, 0)
    arrays = with_drawn(examples, drawn)
    del drawn  # up to 100 MB, which the arrays hold too, and TensorFlow copies
    images, labels = (tf.constant(each) for each in arrays)

    def shuffled(epoch):
        random = tf.random.stateless_uniform([shared + own, branches], [seed, epoch])
        order = tf.argsort(random, axis=0)
        first = own * tf.cast(epoch % epochs, tf.int32)
        order = tf.where(order < shared, order, order + first)
        return tf.data.Dataset.from_tensor_slices(order).batch(batch_size)

    def batch(number, indices):
        one_by_one = tf.reshape(tf.transpose(indices), [-1])
        chosen = tf.cast(tf.gather(images, one_by_one), tf.float32)[..., tf.newaxis]
        if distortion:
            chosen = distorted(chosen, distortion, [seed, number])
        side_by_side = tf.concat(tf.split(chosen, branches), axis=-1)
        return side_by_side, tf.gather(labels, indices)

    indices = tf.data.Dataset.counter(epochs_done).flat_map(shuffled)
    numbered = indices.enumerate(epochs_done * math.ceil((shared + own) / batch_size))
    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False  # they copy the images
    return numbered.map(batch, num_parallel_calls=2).prefetch(4).with_options(options)


def with_drawn(examples, drawn):
    """Return the images and labels of examples, and after them of all epochs' drawn ones."""
    if not drawn:
        return examples.images, examples.labels
    return (
        np.concatenate([examples.images, drawn.images.reshape(-1, *examples.images.shape[1:])]),
        np.concatenate([examples.labels, drawn.labels.ravel()]),
    )


def versions():
    """Return the versions of what a training's result may depend on."""
    packages = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    return {"versions": {"python": platform.python_version(), **packages}}
