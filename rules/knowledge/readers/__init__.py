"""The readers of the data files: each refuses what it cannot use, naming the file and the key."""
