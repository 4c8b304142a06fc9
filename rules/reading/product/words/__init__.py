"""The words of a medication's name: characters, boundaries, names of ours, and words that are in no list."""
