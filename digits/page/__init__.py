"""From a picture to the digits in it: `pipeline` holds the steps in their order.

A picture and a function `predict` of 28×28 images enter; an `answers.Answer` leaves. Nothing here
knows what network that function is.
"""
