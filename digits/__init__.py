"""What the three scripts share.

Everywhere inside, digits are `uint8` arrays of shape (n, 28, 28), ink 255 on paper 0, as MNIST
has them. Only `pictures` brings anything else to that form; only the networks rescale it.
"""

import os

# A library of linear algebra with threads of its own gets in the way of `forward`'s.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
