"""Does a button name a product by its ingredients, ours first, and by nothing else of its name?"""

from __future__ import annotations

import pytest
from ehr import cards, client, lorazepam, order, prefetch, sign

from cds_service.cards.wording.short_name import short_name
from rules import load_knowledge

NAMES = [
    ("lorazepam 1 MG Oral Tablet", ("lorazepam",), "lorazepam"),
    ("acetaminophen 325 MG / hydrocodone bitartrate 5 MG Oral Tablet", ("hydrocodone",), "hydrocodone/acetaminophen"),
    (
        "acetaminophen 325 MG / butalbital 50 MG / caffeine 40 MG Oral Tablet [Esgic]",
        ("butalbital",),
        "butalbital/acetaminophen/caffeine",
    ),
    ("72 HR fentanyl 0.025 MG/HR Transdermal System", ("fentanyl",), "fentanyl"),
    ("168 HR buprenorphine 0.01 MG/HR Transdermal System [Butrans]", ("buprenorphine",), "buprenorphine"),
    ("buprenorphine 8 MG / naloxone 2 MG Sublingual Film", ("buprenorphine", "naloxone"), "buprenorphine/naloxone"),
    ("Norco 5 MG / 325 MG Oral Tablet", ("hydrocodone",), "hydrocodone"),
    ("Percocet 5-325", ("oxycodone",), "oxycodone"),
    ("HYDROcodone-acetaminophen 5-325 mg per tablet", ("hydrocodone",), "hydrocodone"),
    ("diazepam 5 MG/ML Rectal Gel", ("diazepam",), "diazepam"),
    ("amitriptyline 12.5 MG / chlordiazepoxide 5 MG", ("chlordiazepoxide", "amitriptyline"),
     "chlordiazepoxide/amitriptyline"),
    ("<script> 5 MG / lorazepam 1 MG", ("lorazepam",), "lorazepam"),
    ("[click](https://evil.example) 5 MG / lorazepam 1 MG", ("lorazepam",), "lorazepam"),
    ("take 1 MG / lorazepam 1 MG", ("lorazepam",), "lorazepam/take"),
    ("something of no agent", (), "something of no agent"),
    ("", ("lorazepam",), "lorazepam"),
]  # fmt: skip


@pytest.mark.parametrize(("product", "agents", "short"), NAMES, ids=[name for name, _, _ in NAMES])
def test_the_short_name_of(product: str, agents: tuple[str, ...], short: str) -> None:
    assert short_name(product, agents, load_knowledge()) == short


def test_a_draft_is_named_by_its_own_product_though_a_record_has_its_id() -> None:
    oxycodone = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
    other = order("new", "zolpidem tartrate 5 MG Oral Tablet", authoredOn="2026-11-10")
    shown = cards(client(), sign(lorazepam("new"), prefetch=prefetch(oxycodone, other)))
    labels = [each["label"] for card in shown for each in card.get("suggestions", [])]
    assert not any("zolpidem" in label for label in labels)
