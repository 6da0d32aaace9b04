"""Data augmentation: rotation, shear, scale, shift, elastic bending, stroke width, noise."""

import tensorflow as tf

BEND_POINTS = 5  # along each axis: displacements in between are interpolated


def augmented(images, limits, seed):
    """Return images, float32 (n, 28, 28, 1), each changed at random within `limits`.

    `limits` is a `recipes.Augmentation`, `seed` two whole numbers, which decide all changes.
    """
    n, seed = tf.shape(images)[0], tf.convert_to_tensor(seed, tf.int64)
    at_most = [limits.rotation, limits.shear, limits.log_scale, limits.log_scale]
    at_most = tf.constant([*at_most, limits.shift, limits.shift, 1.0])
    *motion, width = tf.unstack(tf.random.stateless_uniform((n, 7), seed, -1, 1) * at_most, axis=1)
    x, y = affine(*motion, *images.shape[1:3])
    if limits.bend:
        points = tf.random.stateless_normal((n, BEND_POINTS, BEND_POINTS, 2), seed + 1)
        bend = tf.image.resize(points * limits.bend, images.shape[1:3], "bicubic")
        x, y = x + bend[..., 0], y + bend[..., 1]
    if limits.thinner or limits.thicker:
        images = with_stroke_width(images, width, limits)
    images = bilinear(images, x, y)
    return with_noise(images, limits.noise, seed) if limits.noise else images


def with_stroke_width(images, width, limits):
    """Return images with strokes from thinnest, at a `width`, (n,), of -1, to thickest, at 1."""
    width = width[:, tf.newaxis, tf.newaxis, tf.newaxis]
    dilated = tf.nn.max_pool2d(images, 3, 1, "SAME")
    eroded = -tf.nn.max_pool2d(-images, 2, 1, "SAME")  # half a pixel off: the shift covers it
    thicker, thinner = tf.nn.relu(width) * limits.thicker, tf.nn.relu(-width) * limits.thinner
    return images + thicker * (dilated - images) + thinner * (eroded - images)


def with_noise(images, most, seed):
    """Return images, 0 to 255, half of them on average with noise of up to `most` times 255."""
    share = tf.nn.relu(tf.random.stateless_uniform((tf.shape(images)[0], 1, 1, 1), seed + 2, -1, 1))
    noise = tf.random.stateless_normal(tf.shape(images), seed + 3)
    return tf.clip_by_value(images + 255 * most * share * noise, 0, 255)


def affine(angle, shear, log_width, log_height, right, down, rows, columns):
    """Return the x and y, each (n, rows, columns), at which each pixel's value is sampled.

    The map turns, slants and stretches about the image's middle, then shifts.
    """
    x = tf.range(columns, dtype=tf.float32)[tf.newaxis, tf.newaxis, :] - (columns - 1) / 2
    y = tf.range(rows, dtype=tf.float32)[tf.newaxis, :, tf.newaxis] - (rows - 1) / 2
    angle, shear, log_width, log_height, right, down = (
        each[:, tf.newaxis, tf.newaxis]
        for each in (angle, shear, log_width, log_height, right, down)
    )
    x, y = x * tf.exp(log_width), y * tf.exp(log_height)
    x = x + shear * y
    cosine, sine = tf.cos(angle), tf.sin(angle)
    x, y = cosine * x - sine * y + right, sine * x + cosine * y + down
    return x + (columns - 1) / 2, y + (rows - 1) / 2


def bilinear(images, x, y):
    """Return images, (n, rows, columns, 1), sampled at x and y, each (n, rows, columns).

    A value between pixels is the weighted mean of four; outside the image it is 0.
    """
    padded = tf.pad(images[..., 0], [(0, 0), (1, 2), (1, 2)])
    n, rows, columns = tf.unstack(tf.shape(padded))
    x = tf.clip_by_value(x + 1, 0, tf.cast(columns - 2, tf.float32))
    y = tf.clip_by_value(y + 1, 0, tf.cast(rows - 2, tf.float32))
    left, top = tf.floor(x), tf.floor(y)
    x, y = x - left, y - top
    first = tf.range(n)[:, tf.newaxis, tf.newaxis] * rows * columns
    corner = first + tf.cast(top, tf.int32) * columns + tf.cast(left, tf.int32)
    flat = tf.reshape(padded, [-1])
    upper = tf.gather(flat, corner) * (1 - x) + tf.gather(flat, corner + 1) * x
    corner += columns
    lower = tf.gather(flat, corner) * (1 - x) + tf.gather(flat, corner + 1) * x
    return (upper * (1 - y) + lower * y)[..., tf.newaxis]
