"""What the three scripts share.

Everywhere inside, digits are `uint8` arrays of shape (n, 28, 28), ink 255 on paper 0, as MNIST
has them. Only `pictures` brings anything else to that form; only the networks rescale it.
"""
