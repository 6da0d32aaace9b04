"""Training data. MNIST's files, or nothing at all, enter; images as MNIST has them leave.

`mnist` finds, fetches, reads and verifies MNIST. `synthetic` makes the other images: `pen` draws
writing styles, `printed` digits in print, `non_digits` the rest. `mnist_form` brings any ink to
MNIST's size and place.
"""
