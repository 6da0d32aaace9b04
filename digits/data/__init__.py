"""Training data. MNIST's files, or nothing at all, enter; images as MNIST has them leave.

`mnist` finds, fetches, reads and verifies MNIST. `synthetic` draws digits and non-digits from pen
strokes, and `mnist_form` brings any ink to MNIST's size and place.
"""
