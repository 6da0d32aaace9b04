"""From a picture file to the digits on it: decode, find the ink, segment it, read it, answer.

A picture enters, with a function `predict` of 28×28 images; an `answers.Answer` leaves. Nothing
here knows what network that function is.
"""
