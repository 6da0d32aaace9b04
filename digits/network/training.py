"""Training: batches, learning rate, checkpoints and calibration."""

import math
import platform
import signal
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stdout, suppress
from functools import partial
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from digits import metrics
from digits.command_line import show_progress
from digits.data import synthetic
from digits.network import checkpoint, recipes
from digits.network.augmentation import augmented

WARM_UP = 0.25  # share of all steps in which the learning rate rises
START, END = 0.1, 0.002  # first and last learning rate, as shares of the peak
BFLOAT16_FLAGS = {"amx_bf16", "avx512_bf16"}  # Linux's names for processor units that multiply it
VALIDATION_BATCH = 100  # images: larger batches take more memory than training


def build(record):
    """Return the untrained network of a record's recipe, on all GPUs that TensorFlow sees.

    The record's seed decides its weights and all chance after.
    """
    keras.utils.set_random_seed(record["seed"])
    with strategy().scope():
        network = recipes.build(recipes.RECIPES[record["recipe"]])
        network.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def train(network, record, training, validation, path, state=()):
    """Train and calibrate a network that `build` returned; return the record with its results.

    `record` is a dict with "recipe", "epochs", "batch_size" and "seed"; `training` and
    `validation` are `mnist.Examples`. A checkpoint is saved at `path` after each epoch. To resume,
    pass what `checkpoint.load` returned: the record, with its history, and the arrays `state`.
    Progress goes to stderr. Raises KeyboardInterrupt after Ctrl-C, and `checkpoint.ChangedError` if
    the state is of another network.
    """
    recipe = recipes.RECIPES[record["recipe"]]
    in_bfloat16 = recipe.bfloat16 and has_bfloat16_units()
    record = {"history": {}, "seconds": 0, "bfloat16": in_bfloat16, **versions(), **record}
    steps = math.ceil((len(training.labels) + recipe.synthetic.total) / record["batch_size"])
    with network.distribute_strategy.scope():
        ensemble = compiled(network, recipe, steps, record["epochs"])
        if state:
            restore(ensemble, state, path)
    with bfloat16(in_bfloat16):
        fit(ensemble, steps, training, validation, SavedEpochs(network, record, path))
    return {**record, **calibrated(network, ensemble, validation)}


def calibrated(network, ensemble, validation):
    """Calibrate a network by temperature scaling on validation images; return the results.

    The temperature divides the weights before each softmax, so that the saved model includes it.
    After Guo et al. (2017, arXiv:1706.04599).
    """
    probabilities = predict(ensemble, validation.images)
    temperature = metrics.temperature(validation.labels, probabilities)
    divide_logits(network, temperature)
    scaled = metrics.temperature_scaled(probabilities, temperature)
    return {
        "temperature": round(temperature, 3),
        "validation_misses": int((scaled.argmax(axis=1) != validation.labels).sum()),
        "validation_loss": round(metrics.cross_entropy(validation.labels, scaled), 6),
    }


def divide_logits(network, temperature):
    """Divide what goes into each softmax of a network, by changing the weights before it."""
    for layer in network.layers:
        if getattr(layer, "activation", None) is keras.activations.softmax:
            layer.set_weights([weights / temperature for weights in layer.get_weights()])


def predict(model, images):
    """Return a model's output for images, uint8 (n, 28, 28), the same for all members."""
    return model.predict(for_each_member(model, images), batch_size=VALIDATION_BATCH, verbose=0)


def for_each_member(model, images):
    """Return images, (n, 28, 28), repeated for each member: (n, 28, 28, members)."""
    return np.repeat(images[..., np.newaxis], model.inputs[0].shape[-1], axis=-1)


def strategy():
    """Return how TensorFlow distributes a batch: over all GPUs, if there are several."""
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
    """True if Linux lists units for bfloat16; without them, it is slower than float32."""
    try:
        return not BFLOAT16_FLAGS.isdisjoint(cpuinfo.read_text().split())
    except OSError:
        return False


def compiled(network, recipe, steps, epochs):
    """Return a model of the network's members side by side, which learn each for itself."""
    rate = recipe.learning_rate
    ensemble = recipes.side_by_side(network)
    ensemble.compile(
        keras.optimizers.Adam(one_cycle(rate, epochs * steps) if recipe.one_cycle else rate),
        mean_loss,
        metrics=[EnsembleAccuracy(name="accuracy")],
        # An epoch is made of whole executions.
        steps_per_execution=largest_divisor(steps, recipe.steps_per_execution),
    )
    return ensemble


def largest_divisor(number, most):
    return max(n for n in range(1, most + 1) if number % n == 0)


def one_cycle(peak, steps):
    """Return a schedule that rises linearly to `peak` and falls along a half cosine.

    One cycle of warm-up and annealing, after Smith and Topin (2017, arXiv:1708.07120).
    """
    warm_up = int(WARM_UP * steps)
    return keras.optimizers.schedules.CosineDecay(
        START * peak, steps - warm_up, alpha=END, warmup_target=peak, warmup_steps=warm_up
    )


def mean_loss(labels, probabilities):
    """Return the mean of the members' losses, (n,), of probabilities, (n, members, 10).

    `labels` are (n, members), or (n, 1) if all see the same image. The loss of a digit is the
    cross-entropy, that of a non-digit the divergence from ten equal probabilities.
    """
    non_digits = keras.ops.cast(labels == synthetic.NON_DIGIT, "float32")
    targets = keras.ops.one_hot(keras.ops.cast(labels, "int32"), metrics.CLASSES)
    targets = targets + non_digits[..., np.newaxis] / metrics.CLASSES
    losses = keras.losses.categorical_crossentropy(
        keras.ops.broadcast_to(targets, keras.ops.shape(probabilities)), probabilities
    )
    return keras.ops.mean(losses - non_digits * math.log(metrics.CLASSES), axis=1)


class EnsembleAccuracy(keras.metrics.Mean):
    """The share of digits that are right; non-digits do not count.

    If all members see the same image, labels of (n, 1), their mean is scored, else each member.
    """

    def update_state(self, labels, probabilities, sample_weight=None):
        if labels.shape[1] == 1:
            probabilities = keras.ops.mean(probabilities, axis=1, keepdims=True)
        right = keras.metrics.sparse_categorical_accuracy(labels, probabilities)
        super().update_state(right, keras.ops.cast(labels != synthetic.NON_DIGIT, "float32"))


def restore(model, state, path):
    """Put the arrays of the checkpoint at `path` back into a model.

    Raises `checkpoint.ChangedError` if they are of another network.
    """
    model.optimizer.build(model.trainable_variables)
    shapes = [tuple(variable.shape) for variable in variables(model)]
    if shapes != [array.shape for array in state]:
        raise checkpoint.ChangedError(path)
    for variable, array in zip(variables(model), state, strict=True):
        variable.assign(array)


def variables(model):
    """Return all that changes in training: weights, averages, moments, random states."""
    return [*model.variables, *model.optimizer.variables]


class SavedEpochs(keras.callbacks.Callback):
    """Adds each epoch to the record, and saves a checkpoint."""

    def __init__(self, network, record, path):
        super().__init__()
        self.network, self.record, self.path = network, record, path
        self.started = time.perf_counter() - record["seconds"]

    def on_epoch_end(self, epoch, logs):
        for name, value in logs.items():
            self.record["history"].setdefault(name, []).append(round(float(value), 6))
        self.record["seconds"] = round(time.perf_counter() - self.started, 1)
        state = [variable.numpy() for variable in variables(self.model)]
        checkpoint.save(self.network, self.record, state, self.path)


def fit(ensemble, steps, training, validation, saved):
    """Train from the first epoch that is not in the record to the last; progress on stderr."""
    record = saved.record
    recipe, done = recipes.RECIPES[record["recipe"]], checkpoint.epochs_done(record)
    several_devices = ensemble.distribute_strategy.num_replicas_in_sync > 1
    with (
        # On several devices Keras takes the first batch twice: once to build the model.
        synthetic_images(recipe, record, done, first_twice=several_devices) as new,
        redirect_stdout(sys.stderr),
        interruptible() as interruption,
    ):
        ensemble.fit(
            batches(training, recipe, record, done, new),
            steps_per_epoch=steps,
            initial_epoch=done,
            epochs=record["epochs"],
            callbacks=[saved, interruption],
            shuffle=False,  # the batches are shuffled already
            validation_data=(
                for_each_member(ensemble, validation.images),
                validation.labels[:, np.newaxis],
            ),
            validation_batch_size=VALIDATION_BATCH,
            verbose=1 if sys.stderr.isatty() else 2,  # a bar on a terminal, else a line per epoch
        )


@contextmanager
def interruptible():
    """Yield a callback that lets Ctrl-C end the training after a batch.

    An exception inside TensorFlow's calls can crash it. A second Ctrl-C does not wait.
    """
    asked = []

    def ask(signal_number, frame):
        if asked:
            raise KeyboardInterrupt
        asked.append(signal_number)

    def stop_if_asked(batch, logs):
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield keras.callbacks.LambdaCallback(
            on_train_batch_end=stop_if_asked, on_test_batch_end=stop_if_asked
        )
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def synthetic_images(recipe, record, done=0, first_twice=False):
    """Yield a queue of each epoch's synthetic images and labels, or None if the recipe has none.

    A thread makes those of the next epoch while this one trains; what it raises is raised when the
    block ends. It is not a generator of `tf.data`, for that can deadlock when Ctrl-C ends it.
    """
    count = recipe.synthetic.total
    if not count:
        yield None
        return
    epochs = synthetic.per_epoch(record["epochs"], recipe.synthetic, record["seed"])
    for skipped, _ in enumerate(islice(epochs, done), start=1):  # here, where Ctrl-C ends it
        show_progress("repeating the synthetic images", skipped, done)
    queue = tf.queue.FIFOQueue(1, [tf.uint8, tf.uint8], [(count, 28, 28), (count,)])
    with ThreadPoolExecutor(1) as thread:
        filled = thread.submit(fill, queue, epochs, first_twice)
        try:
            yield queue
        finally:
            with suppress(tf.errors.CancelledError):  # closed already
                queue.close(cancel_pending_enqueues=True)
            filled.result()


def fill(queue, epochs, first_twice):
    """Put the images and labels of epochs into a queue, until it is closed."""
    with suppress(tf.errors.CancelledError):  # closed: the training has ended
        try:
            for n, images_and_labels in enumerate(epochs):
                for _ in range(2 if first_twice and n == 0 else 1):
                    queue.enqueue(images_and_labels)
        finally:
            queue.close()


def batches(examples, recipe, record, done=0, new=None):
    """Return a `tf.data.Dataset` of a training's batches after the epochs `done`.

    A batch is augmented images, float32 (n, 28, 28, members), 0 to 255, and labels, uint8
    (n, members). Each member has an order of its own: members that learn from the same batches make
    the same mistakes. What a batch holds depends on the seed and its number alone, so that a
    resumed training sees the same. `new` is what `synthetic_images` yields. Indices are shuffled
    and whole batches gathered: handling single images would take longer than the network.
    """
    known = tf.constant(examples.images), tf.constant(examples.labels)

    def of_epoch(epoch):
        images, labels = known
        if new:
            new_images, new_labels = new.dequeue()
            images, labels = tf.concat([images, new_images], 0), tf.concat([labels, new_labels], 0)
        shape = [tf.size(labels), len(recipe.members)]
        order = tf.argsort(tf.random.stateless_uniform(shape, [record["seed"], epoch]), axis=0)
        indices = tf.data.Dataset.from_tensor_slices(order).batch(record["batch_size"])
        make = partial(batch, images, labels, recipe.augmentation, record["seed"])
        return indices.enumerate(epoch * indices.cardinality()).map(make, num_parallel_calls=2)

    options = tf.data.Options()
    options.experimental_optimization.apply_default_optimizations = False  # they copy the images
    epochs = tf.data.Dataset.range(done, record["epochs"])
    return epochs.flat_map(of_epoch).prefetch(4).with_options(options)


def batch(images, labels, augmentation, seed, number, indices):
    """Return the batch of this number, of the images at `indices`, (n, members)."""
    one_by_one = tf.reshape(tf.transpose(indices), [-1])
    chosen = tf.cast(tf.gather(images, one_by_one), tf.float32)[..., tf.newaxis]
    if augmentation:
        chosen = augmented(chosen, augmentation, [seed, number])
    side_by_side = tf.concat(tf.split(chosen, indices.shape[1]), axis=-1)
    return side_by_side, tf.gather(labels, indices)


def versions():
    """Return the versions of what the results of a training may depend on."""
    packages = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    return {"versions": {"python": platform.python_version(), **packages}}
