"""Teach a network the user's own pictures, by fine-tuning."""

import time
from functools import partial

from digits.network import fine_tuning, predictor, training
from digits.own.cross_validation import cross_validated
from digits.own.lessons import together


def teach(path, record, lessons, others, validation):
    """Fine-tune the model at `path` on lessons and other images.

    Return the Keras network, its record, and a `Result` for each lesson by cross-validation.
    `record` is that of the training, with the seed; `others` and `validation` are `mnist.Examples`.
    Raises KeyboardInterrupt after Ctrl-C.
    """
    started = time.perf_counter()
    network = fine_tuning.load(path, record["seed"])
    images, labels = together(lessons)
    tuner = fine_tuning.FineTuner(network, others, len(images), record["seed"])
    history = tuner.tune(images, labels)
    share, misses_before = tuner.blend_for(validation)
    outcome = training.calibrated(network, tuner.ensemble, validation)
    taught = network.get_weights()
    learn = partial(predictor_after, tuner, share, outcome["temperature"])
    after = cross_validated(lessons, learn, record["seed"])
    network.set_weights(taught)
    network.trainable = True  # with its batch normalisation
    own = {"pictures": len(lessons), "images": len(images), "mixed_with": others.name}
    own |= {"share": share, "validation_misses_before": misses_before}
    record = with_epoch(record, history, outcome, len(validation.labels))
    seconds = round(time.perf_counter() - started, 1)
    return network, {**record, "own": own, "seconds": seconds}, after


def predictor_after(tuner, share, temperature, lessons):
    """Return the network as a `predictor.of_keras`, after these lessons alone."""
    tuner.tune(*together(lessons))
    tuner.blend(share)
    training.divide_logits(tuner.network, temperature)
    return predictor.of_keras(tuner.network)


def with_epoch(record, history, outcome, validation_images):
    """Return the record of a training with its outcome, and an epoch more in its history."""
    accuracy = 1 - outcome["validation_misses"] / validation_images
    epoch = {**history, "val_accuracy": accuracy, "val_loss": outcome["validation_loss"]}
    longer = {name: [*record["history"][name], round(epoch[name], 6)] for name in epoch}
    new = {"history": longer, "validation_images": validation_images, **training.versions()}
    return {**record, **outcome, **new}
