"""Batches, distortions, schedule: everything between a recipe and a trained network."""

import math
import platform
import signal
import sys
import time
from contextlib import contextmanager, redirect_stdout

import keras
import numpy as np
import tensorflow as tf

from digits import networks

STEPS_PER_EXECUTION = 10  # Keras's Python between batches costs as much as a small batch
WARM_UP = 0.25  # the share of all steps in which the learning rate rises
START, END = 0.1, 0.002  # the learning rate's first and last value, as shares of its peak

# How far a training image is distorted, at most: a hand differs from another by about as much.
ROTATION = 0.2  # radians
SHEAR = 0.2
LOG_SCALE = 0.13
SHIFT = 2.0  # pixels


def train(recipe_name, training, validation, *, epochs, batch_size, seed):
    """Return a network trained by the recipe, and the record of its training, a dict for JSON.

    `training` and `validation` are `mnist.Examples`; `epochs` and `batch_size` may be None for
    the recipe's own. Prints a progress bar, loss and accuracy on stderr.
    """
    recipe = networks.RECIPES[recipe_name]
    epochs, batch_size = epochs or recipe.epochs, batch_size or recipe.batch_size
    keras.utils.set_random_seed(seed)
    network = networks.build(recipe)
    steps = epochs * math.ceil(len(training.images) / batch_size)
    compile_for(network, keras.optimizers.Adam(one_cycle(recipe.peak_learning_rate, steps)))
    started = time.perf_counter()
    history = fit(network, batches(training, batch_size, seed), validation, epochs)
    outcome = {"history": history, "seconds": round(time.perf_counter() - started, 1)}
    compile_for(network, keras.optimizers.Adam())  # fresh: its state is not to be saved
    settings = {"recipe": recipe_name, "epochs": epochs, "batch_size": batch_size, "seed": seed}
    return network, {**settings, **described(training, validation), **outcome, **versions()}


def described(training, validation):
    """Return what a training's record says of its data."""
    return {
        "data": training.name,
        "training_images": len(training.images),
        "validation_images": len(validation.images),
    }


def compile_for(network, optimizer):
    """Compile the network for labels that are digits, so that a loaded one can be evaluated."""
    network.compile(
        optimizer=optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=STEPS_PER_EXECUTION,
    )


def one_cycle(peak, steps):
    """Return a schedule that rises to `peak` and falls to almost nothing along a half cosine.

    One cycle of warm-up and annealing, after Smith and Topin (2017, arXiv:1708.07120).
    """
    warm_up = int(WARM_UP * steps)
    return keras.optimizers.schedules.CosineDecay(
        START * peak, steps - warm_up, alpha=END, warmup_target=peak, warmup_steps=warm_up
    )


def fit(network, training_batches, validation, epochs):
    """Train, and return every epoch's loss and accuracy, on training and validation images."""
    with redirect_stdout(sys.stderr), interruptible() as interruption:  # its bar goes to stderr
        fitted = network.fit(
            training_batches,
            epochs=epochs,
            callbacks=[interruption],
            shuffle=False,  # the batches are shuffled already
            validation_data=(validation.images[..., np.newaxis], validation.labels),
            validation_batch_size=500,
            verbose=1 if sys.stderr.isatty() else 2,  # without a terminal, a line per epoch
        )
    return {name: [float(value) for value in values] for name, values in fitted.history.items()}


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


def batches(examples, batch_size, seed):
    """Return a `tf.data.Dataset` of shuffled, distorted batches, another order every epoch.

    Indices are shuffled and whole batches gathered: single examples would cost more than the
    network. Images are float32 of shape (batch, 28, 28, 1), 0 to 255.
    """
    images, labels = tf.constant(examples.images[..., np.newaxis]), tf.constant(examples.labels)
    random = tf.random.Generator.from_seed(seed)

    def batch(indices):
        chosen = tf.cast(tf.gather(images, indices), tf.float32)
        return distorted(chosen, random), tf.gather(labels, indices)

    indices = tf.data.Dataset.range(len(examples.labels))
    return indices.shuffle(len(examples.labels), seed=seed).batch(batch_size).map(batch).prefetch(4)


def distorted(images, random):
    """Return the images, each turned, slanted, stretched and shifted at random.

    `images` are float32 of shape (n, 28, 28, 1); `random` is a `tf.random.Generator`.
    """
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=affine_maps(tf.shape(images)[0], random),
        output_shape=images.shape[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def affine_maps(n, random):
    """Return n random affine maps about the image's centre, as (n, 8): a0 a1 a2 b0 b1 b2 0 0.

    Output pixel (x, y) takes its value from (a0 x + a1 y + a2, b0 x + b1 y + b2).
    """

    def uniform(limit):
        return random.uniform((n,), -limit, limit)

    angle, shear = uniform(ROTATION), uniform(SHEAR)
    width, height = tf.exp(uniform(LOG_SCALE)), tf.exp(uniform(LOG_SCALE))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    a0, a1 = cosine * width, (cosine * shear - sine) * height
    b0, b1 = sine * width, (sine * shear + cosine) * height
    centre = 13.5  # pixels, of 0 to 27
    a2 = centre * (1 - a0 - a1) + uniform(SHIFT)
    b2 = centre * (1 - b0 - b1) + uniform(SHIFT)
    zero = tf.zeros(n)
    return tf.stack([a0, a1, a2, b0, b1, b2, zero, zero], axis=1)


def versions():
    """Return the versions of what a training's result may depend on."""
    packages = {"tensorflow": tf.__version__, "keras": keras.__version__, "numpy": np.__version__}
    return {"versions": {"python": platform.python_version(), **packages}}
