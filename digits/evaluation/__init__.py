"""How good a model is. A model and MNIST's test images enter; metrics, text and figures leave.

`evaluation` predicts and scores, `report` and `figures` show, `corruptions` makes images worse.
"""
