"""The user's own pictures, with labels: filed, read, scored, and taught to a network.

`filing` puts a picture into a folder, `labels` finds a folder's labels, `results` reads its
pictures, `report` and `figures` show how many are right, `lessons` holds what can be learned from
them, `models` says by which model, `teaching` trains it.
"""
