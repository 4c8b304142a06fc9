"""A condition in codes and words: which of our concepts it is of, and what its words deny or doubt.

It is read alike in an entry of a problem list and in the reason of an order.
"""

from rules.reading.condition.concepts import Codes, Match, Matches, by_code, codes_of, matches
from rules.reading.condition.purpose import purposes_of
from rules.reading.condition.text import is_beyond_doubt, is_exact, phrases, spaced

__all__ = [
    "Codes",
    "Match",
    "Matches",
    "by_code",
    "codes_of",
    "is_beyond_doubt",
    "is_exact",
    "matches",
    "phrases",
    "purposes_of",
    "spaced",
]
