"""Fine-tuning: a network learns a few images more, mixed with many others, and forgets little."""

import keras
import numpy as np
import tensorflow as tf

from digits.data import synthetic
from digits.network import recipes, training
from digits.network.other_models import KerasNetwork

BATCH_SIZE = 128
MIN_OWN, MAX_OWN, PER_OWN = 16, 48, 4  # own images in a batch; how many there are for each
MIN_STEPS, MAX_STEPS = 20, 45  # as many as own images; and one more for each 50
LEARNING_RATE = 0.0007
OTHER_IMAGES = 12_000  # of the data: as many hold what must not be forgotten
SYNTHETIC = recipes.Synthetic(digits=500, rare_digits=500, printed=500, non_digits=500)
AUGMENTATION = recipes.Augmentation(bend=0.45, thinner=0.4, thicker=0.5, noise=0.2)
OWN_AUGMENTATION = recipes.Augmentation(  # one writer varies less than all of MNIST's
    *(0.1, 0.1, 0.07, 1.0), bend=0.3, thinner=0.3, thicker=0.4, noise=0.2
)
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4)  # of the change of the weights, to choose from
MAX_LOSS = 0.0004  # of validation accuracy, where one of the shares avoids more


def load(path, seed):
    """Return the Keras network at `path`; the seed decides all chance after, as of dropout."""
    keras.utils.set_random_seed(seed)
    return KerasNetwork(path).model


class FineTuner:
    """Fine-tunes a Keras network, each time from the weights that it came with.

    `others` are the `mnist.Examples` that own images are mixed with, besides synthetic ones. The
    number of `own_images` decides how many steps there are, and how many of them are in a batch.
    """

    def __init__(self, network, others, own_images, seed):
        self.network, self.others, self.seed = network, with_synthetic(others, seed), seed
        self.steps = min(max(own_images, MIN_STEPS), MAX_STEPS) + own_images // 50
        self.own_in_batch = min(max(own_images // PER_OWN, MIN_OWN), MAX_OWN)
        self.ensemble = compiled(network, self.steps)
        self.start = [variable.numpy() for variable in training.variables(self.ensemble)]
        self.before = self.after = network.get_weights()

    def tune(self, images, labels):
        """Train the network on images, uint8 (n, 28, 28), with labels, uint8 (n,), and the others.

        Return the loss and the accuracy of the training. Raises KeyboardInterrupt after Ctrl-C.
        """
        for variable, value in zip(training.variables(self.ensemble), self.start, strict=True):
            variable.assign(value)
        mixed = self.batches((images, labels))
        with training.bfloat16(training.has_bfloat16_units()), training.interruptible() as stop:
            history = self.ensemble.fit(
                mixed, steps_per_epoch=self.steps, shuffle=False, callbacks=[stop], verbose=0
            ).history
        self.after = self.network.get_weights()
        return {name: float(value) for name, (value,) in history.items()}

    def batches(self, own):
        """Return a `tf.data.Dataset` of batches like those of `training.batches`.

        `own` are images, uint8 (n, 28, 28), and labels, uint8 (n,).
        """
        kinds = [
            (*map(tf.constant, own), self.own_in_batch, OWN_AUGMENTATION),
            (*map(tf.constant, self.others), BATCH_SIZE - self.own_in_batch, AUGMENTATION),
        ]

        def batch(number):
            parts = [self.augmented(*kind, number) for kind in kinds]
            return tuple(tf.concat(part, axis=0) for part in zip(*parts, strict=True))

        return tf.data.Dataset.range(self.steps).map(batch, num_parallel_calls=2).prefetch(4)

    def augmented(self, images, labels, count, augmentation, number):
        """Return `count` of the images for each member, augmented, for the batch of this number."""
        shape, n = [count, self.ensemble.output_shape[1]], tf.size(labels, tf.int64)
        indices = tf.random.stateless_uniform(shape, [self.seed, number], 0, n, tf.int64)
        return training.batch(images, labels, augmentation, self.seed, number, indices)

    def blend(self, share):
        """Give the network its weights before and a share, 0 to 1, of their change by `tune`.

        Wortsman et al., Robust fine-tuning of zero-shot models (2022, arXiv:2109.01903).
        """
        pairs = zip(self.before, self.after, strict=True)
        self.network.set_weights([old + share * (new - old) for old, new in pairs])

    def blend_for(self, validation):
        """Blend by the largest of `SHARES` that loses little on validation images.

        Return that share, and the number of misses before.
        """
        self.blend(0)
        before = self.misses(validation)
        for share in SHARES:
            self.blend(share)
            if self.misses(validation) <= before + MAX_LOSS * len(validation.labels):
                break
        return share, before

    def misses(self, examples):
        probabilities = training.predict(self.ensemble, examples.images).mean(axis=1)
        return int((probabilities.argmax(axis=1) != examples.labels).sum())


def compiled(network, steps):
    """Return the members of a network side by side, to be trained with averaged weights.

    The average is that of about the second half of the steps:
    Izmailov et al., Averaging weights leads to wider optima (2018, arXiv:1803.05407). Batch
    normalisation stays as it is: its averages are of far more images.
    """
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False
    ensemble = recipes.side_by_side(network)
    ensemble.compile(
        keras.optimizers.Adam(LEARNING_RATE, use_ema=True, ema_momentum=1 - 2 / steps),
        training.mean_loss,
        metrics=[training.EnsembleAccuracy(name="accuracy")],
    )
    ensemble.optimizer.build(ensemble.trainable_variables)
    return ensemble


def with_synthetic(examples, seed):
    """Return images and labels of `mnist.Examples`, and of synthetic digits and non-digits."""
    ((images, labels),) = synthetic.per_epoch(1, SYNTHETIC, seed)
    images = np.concatenate([examples.images[:OTHER_IMAGES], images])
    return images, np.concatenate([examples.labels[:OTHER_IMAGES], labels])
