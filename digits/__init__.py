"""What the three scripts share.

Everywhere inside, digits are `uint8` arrays of shape (n, 28, 28), ink 255 on paper 0, as MNIST
has them. Only `page` brings anything else to that form; only the networks rescale it.
"""

import os

# One BLAS thread each: `network.numpy_network` runs its own thread pool.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


class UserError(Exception):
    """What the user can mend, as one sentence that names the thing and the way on."""
