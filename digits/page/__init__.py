"""From a picture file to the numbers on it. A picture enters, an `answers.Answer` leaves.

`pipeline` holds the steps in their order. It is given a function `predict` of 28×28 images, and
does not know what network that is.
"""
