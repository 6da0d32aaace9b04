"""Networks: what they look like, how they are trained, saved, and computed again.

Images as MNIST has them enter, probabilities of the ten digits leave. Training runs in Keras; a
saved model is read with checks and computed by NumPy, so that an answer does not wait for Keras.
"""
