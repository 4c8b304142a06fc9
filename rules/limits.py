"""Operational limits of the rules: how much is remembered, and how long or large a number may be. None is clinical."""

MAX_MEMOISED = 4096
"""Readings of one kind that are remembered (see :mod:`rules.numbers.memo`)."""
MAX_NAME_READERS = 4
"""Readers of names that are kept, of the shipped agents and of those with a site's own table."""
MAX_MEMOISED_LENGTH = 400
"""Characters that a reading's texts may have together to be remembered."""
DIGEST_CHARACTERS = 8
"""Characters of the digest that names a site's own policy or words."""
MAX_MAGNITUDE = 10**9
"""The largest number that is read: beyond any dose, count or period. A larger one is refused, not computed with."""
MAX_DIGITS = 30
"""Characters of a number that is read, and the largest power of ten in it."""
MAX_DAYS_AHEAD = 100
"""Days ahead for which the steps of an order are worked out one by one."""
MAX_STEPS = 100
"""Reductions by a percentage that are worked out: the exact fraction grows longer with each."""
