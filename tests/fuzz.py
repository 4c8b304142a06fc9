"""Look for texts that the readers of sigs and names fail on, hang on or misread: ``make fuzz`` for ``FUZZ_SECONDS``.

Coverage-guided by atheris. What is found is printed and kept as ``crash-*`` or ``timeout-*`` in the folder of the run.
Seeds are the texts of the spec table, and those of the corpus where it is at hand.
"""

from __future__ import annotations

import csv
import os
import sys
from datetime import date
from pathlib import Path

import atheris
import yaml

with atheris.instrument_imports(include=["rules"]):
    from rules import Assessment, Patient, assess, load_knowledge
    from rules.model import CodeSystem, Coding, Dosage, Medication, Regimen
    from rules.reading.sig import ReadSig, read_sig

KNOWLEDGE = load_knowledge()
ON = date(2026, 11, 22)
TESTS = Path(__file__).parent
SHARED = Path(os.environ.get("BENZO_CDS_SHARED", TESTS.parents[1] / "shared"))
LONGEST = 400
SLOWEST_SECONDS = 5
# A tablet of 1 mg; which drug it is matters to no law here.
MEDICATION = Medication(codings=(Coding(CodeSystem.RXNORM, "197901"),))


def reads_soundly(data: bytes) -> None:
    """No exception, no span outside the text, and no dose of exactly 0 from a text that was not read."""
    text = data.decode("utf-8", "ignore")
    read = read_sig(text, KNOWLEDGE)
    if isinstance(read, ReadSig):
        assert all(entry.high is None or entry.high.value > 0 for line in read.dosages for entry in line.doses), text
        assert all(0 <= span.start <= span.end <= len(text) for span in read.trace), text
    else:
        assert 0 <= read.start <= read.end <= len(text), text
        assert read.words == text[read.start : read.end].strip(), text
    judged = judgement(MEDICATION, text)
    if not isinstance(read, ReadSig):
        assert judged.load.used is None, text
        assert not judged.load.complete, text
    assert all(line.daily_dose.used > 0 for line in judged.contributions), text
    assert [*judged.contributions, *judged.not_in_load, *judged.not_counted], text
    # The same words as the name of a product: whatever they are taken to be, nothing breaks and nothing is 0 or below.
    named = judgement(Medication(text=text), "1 tablet daily")
    assert all(line.daily_dose.used > 0 for line in named.contributions), text
    assert named.not_relevant or [*named.contributions, *named.not_in_load, *named.not_counted], text


def judgement(medication: Medication, sig: str) -> Assessment:
    """What is made of one order."""
    order = Regimen("MedicationRequest/m1", medication, status="active", intent="order", dosages=(Dosage(text=sig),))
    return assess(Patient(regimens=(order,)), KNOWLEDGE, ON)


def seeds(folder: Path) -> None:
    """Write the texts to begin with, one a file."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {str(row[0]) for row in yaml.safe_load((TESTS / "spec" / "sigs.yaml").read_text("utf-8"))}
    corpus = SHARED / "corpus" / "sigs.csv"
    if corpus.exists():
        with corpus.open(encoding="utf-8", newline="") as file:
            texts |= {row["sig"] for row in csv.DictReader(file) if row.get("sig")}
    texts |= {product.name for product in KNOWLEDGE.products.values()}
    for number, text in enumerate(sorted(texts)):
        (folder / f"seed-{number}").write_text(text, "utf-8")


if __name__ == "__main__":
    # What stops the engine is written where it runs.
    run = Path(sys.argv[1]).resolve()
    seeds(run)
    os.chdir(run)
    limits = [f"-max_total_time={sys.argv[2]}", f"-max_len={LONGEST}", f"-timeout={SLOWEST_SECONDS}"]
    atheris.Setup([sys.argv[0], *limits, str(run)], reads_soundly)
    atheris.Fuzz()
