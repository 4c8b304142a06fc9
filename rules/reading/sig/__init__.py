"""Written dosages: "take 1-2 tabs po bid prn" becomes dosage lines, with a trace of which words gave which value.

``read_sig`` reads a text or refuses it; ``readings_of`` and ``evidence`` put its trace into plain words. A text passes
``scan`` (text to lexemes), ``grammar`` and ``clauses`` (lexemes to a draft) and ``lines`` (draft to dosage lines).
"""

from rules.reading.sig.evidence import SigReading, evidence, readings_of, reduction_words
from rules.reading.sig.read import read_sig
from rules.reading.sig.trace import OF_PERCENT, NoDailyRate, ReadSig, Reduction, Span, UnreadableSig

__all__ = [
    "OF_PERCENT",
    "NoDailyRate",
    "ReadSig",
    "Reduction",
    "SigReading",
    "Span",
    "UnreadableSig",
    "evidence",
    "read_sig",
    "readings_of",
    "reduction_words",
]
