"""What reading a text costs against its length: the sig parser is to take time in proportion to it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median

from rules import load_knowledge
from rules.reading.sig import read_sig

LENGTHS = (10, 100, 1_000, 10_000)
ROUNDS = 5
SHAPES = {
    "an ordinary sig, again and again": "take 1-2 tabs by mouth every 4-6 hours as needed for pain, max 8 a day. ",
    "steps": "2 mg daily x 7 days then ",
    "numbers that lead nowhere": "1 1/2 ",
    "open brackets": "(",
    "words that are not known": "flurb ",
}


def table() -> Iterator[str]:
    """A row for each kind of text; every reading is of a text that was not read before."""
    yield f"| text, cut to | {' | '.join(f'{length:,} characters, ms' for length in LENGTHS)} |"
    yield f"|---|{'--:|' * len(LENGTHS)}"
    for name, shape in SHAPES.items():
        yield f"| {name} | {' | '.join(f'{milliseconds(shape, length):.2f}' for length in LENGTHS)} |"


def milliseconds(shape: str, length: int) -> float:
    """The median of some readings."""
    knowledge = load_knowledge()
    took = []
    for number in range(ROUNDS):
        text = (f"{'x' * number} " + shape * length)[:length]
        began = time.perf_counter()
        read_sig(text, knowledge)
        took.append((time.perf_counter() - began) * 1000)
    return median(took)
