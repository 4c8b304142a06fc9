"""Is a card written as the EHR of the tenant can show it: a table, plain text?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from ehr import DAY, assert_valid, lorazepam, order, prefetch, sign

from cds_service.app import create_app
from cds_service.cards.wording.markdown import without_markup
from cds_service.config import Settings

OXYCODONE = order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3)
HOSTILE = "lorazepam 1 MG | x * y <b> [z](w) Oral Tablet"


def card(folder: Path, cards: dict[str, Any], name: str = "lorazepam 1 MG Oral Tablet") -> dict[str, Any]:
    tenants = tenants_file(folder, general={"keys": public(ES384), "cards": cards})
    http = create_app(Settings(tenants=tenants, development=True), clock=lambda: DAY).test_client()
    draft = lorazepam()
    draft["medicationCodeableConcept"]["text"] = name
    draft["medicationCodeableConcept"]["coding"][0]["display"] = name
    body = sign(draft, prefetch=prefetch(OXYCODONE))
    answer = http.post("/cds-services/benzo-order-sign", json=body, headers={"Authorization": token()})
    assert answer.status_code == 200
    assert_valid("response", answer.json)
    (only,) = answer.json["cards"]
    return dict(only)


def test_orders_are_bullets_unless_a_table_is_asked_for(tmp_path):
    detail = card(tmp_path, {})["detail"]
    assert "- lorazepam 1 MG Oral Tablet (this order): 2 mg/day ≈ 20 mg diazepam\n" in detail
    assert "|" not in detail


def test_orders_as_a_table(tmp_path):
    lines = card(tmp_path, {"tables": True})["detail"].splitlines()
    begin = lines.index("**Load**")
    assert lines[begin + 1 : begin + 8] == [
        "",
        "| order | is | a day | comes to |",
        "|---|---|---|---|",
        "| lorazepam 1 MG Oral Tablet | this order | 2 mg/day | 20 mg diazepam |",
        "| oxycodone hydrochloride 5 MG Oral Tablet | on record | 15 mg/day | 22.5 MME/day |",
        "",
        "- Total: 20 mg/day diazepam-eq by Ashton 2002 (high band); 10 by VA/DoD 2021 (low band).",
    ]


def test_a_name_cannot_break_a_table(tmp_path):
    detail = card(tmp_path, {"tables": True}, HOSTILE)["detail"]
    row = next(line for line in detail.splitlines() if "this order" in line and line.startswith("|"))
    assert row.replace("\\|", "").count("|") == 5


def test_a_plain_detail_has_no_markup_and_declares_its_content_type(tmp_path):
    plain_card = card(tmp_path, {"text": "plain", "tables": True}, HOSTILE)
    assert plain_card["extension"]["com.epic.cdshooks.card.detail.content-type"] == "text/plain"
    assert plain_card["extension"]["org.benzo-cds.assessment"]["schema"] == "1"
    assert plain_card["detail"].startswith("Why this appeared\n- ")
    assert "**" not in plain_card["detail"]
    assert "\\" not in plain_card["detail"]
    assert "lorazepam 1 MG | x * y ‹b› [z](w) Oral Tablet (this order)" in plain_card["detail"]


@pytest.mark.parametrize(
    ("markdown", "plain"),
    [
        ("**Load**", "Load"),
        (r"a \*\* b", "a ** b"),
        (r"\\\\", r"\\"),
        ("- x", "- x"),
        (r"1 \_ 2 **x** \|", "1 _ 2 x |"),
    ],
)
def test_markup_is_removed_and_escapes_are_undone(markdown, plain):
    assert without_markup(markdown) == plain


def test_every_suggestion_has_one_action_whatever_is_set(tmp_path):
    for settings in ({"one_action": True}, {"one_action": False}):
        assert all(len(each["actions"]) == 1 for each in card(tmp_path, settings)["suggestions"])
