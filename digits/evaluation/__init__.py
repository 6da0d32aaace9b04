"""How good a model is. A model and MNIST's test images enter; figures, tables and JSON leave.

`evaluation` computes, `report` and `figures` show, and `corruptions` makes test images worse.
"""
