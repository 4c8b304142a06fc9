"""Is each thing that a card offers filed by codes that the tenant's EHR takes, and else offered in words?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from caller import ES384, public, tenants_file, token
from ehr import DAY, assert_valid, conditions, lorazepam, order, prefetch, sign
from fhir.resources.R4B.medicationrequest import MedicationRequest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds_service.__main__ import main
from cds_service.app import create_app
from cds_service.config import PREFIX, Settings
from cds_service.trust.orderables import Filing, OrdersBlock, order_systems
from rules import load_knowledge
from rules.reading.sig import ReadSig, read_sig

RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
EPIC_RXNORM = "urn:oid:2.16.840.1.113883.6.88"
PREFERENCE_LIST = "urn:com.epic.cdshooks.action.code.system.preference-list-item"
ORDER_SET = "urn:com.epic.cdshooks.action.code.system.orderset-item"
ALCOHOL_AND_INSOMNIA = conditions(("7200002", "Alcoholism"), ("193462001", "Insomnia"))
BODY = sign(
    lorazepam(),
    prefetch=prefetch(
        order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=3),
        conditions=ALCOHOL_AND_INSOMNIA,
    ),
)
IN_WORDS = ("add naloxone", "refer to addiction medicine", "refer for CBT for insomnia", "remove lorazepam")


def card(folder: Path, orders: Any, body: dict[str, Any] = BODY) -> dict[str, Any]:
    tenants = tenants_file(folder, general={"keys": public(ES384)} | ({"orders": orders} if orders else {}))
    http = create_app(Settings(tenants=tenants, development=True), clock=lambda: DAY).test_client()
    answer = http.post("/cds-services/benzo-order-sign", json=body, headers={"Authorization": token()})
    assert answer.status_code == 200
    assert_valid("response", answer.json)
    (only,) = answer.json["cards"]
    return dict(only)


def actions(made: dict[str, Any], kind: str = "create") -> list[dict[str, Any]]:
    found = [action for item in made.get("suggestions", ()) for action in item["actions"] if action["type"] == kind]
    for action in found:
        if "resource" in action:
            model = {"MedicationRequest": MedicationRequest, "ServiceRequest": ServiceRequest}
            model[action["resource"]["resourceType"]].model_validate(action["resource"])
    return found


def created(made: dict[str, Any], resource_type: str) -> list[dict[str, Any]]:
    resources = [action["resource"] for action in actions(made)]
    return [resource for resource in resources if resource["resourceType"] == resource_type]


def test_without_a_word_of_the_tenant_drafts_are_those_of_plain_fhir(tmp_path):
    made = card(tmp_path, None)
    assert made == card(tmp_path, "fhir")
    (naloxone,) = created(made, "MedicationRequest")
    assert [code["system"] for code in naloxone["medicationCodeableConcept"]["coding"]] == [RXNORM]
    assert naloxone["intent"] == "order"
    referrals = created(made, "ServiceRequest")
    assert len(referrals) == 2
    assert all(set(referral["code"]) == {"text"} for referral in referrals)
    assert len(actions(made, "delete")) == 1


def test_epic_gets_what_it_documents_and_the_rest_in_words(tmp_path):
    made = card(tmp_path, "epic")
    (naloxone,) = created(made, "MedicationRequest")
    (plain,) = created(card(tmp_path, None), "MedicationRequest")
    concept = naloxone["medicationCodeableConcept"]
    (coding,) = plain["medicationCodeableConcept"]["coding"]
    assert concept["coding"] == [coding | {"system": EPIC_RXNORM}]
    assert (naloxone["status"], naloxone["intent"]) == ("draft", "proposal")
    assert created(made, "ServiceRequest") == []
    assert len(actions(made, "delete")) == 1
    options = next(line for line in made["detail"].splitlines() if line.startswith("**Options:**"))
    assert [words for words in IN_WORDS if words.lower() not in options.lower()] == []


def test_what_a_site_maps_is_filed_by_its_codes(tmp_path):
    orders = {
        "like": "epic",
        "naloxone": {"system": PREFERENCE_LIST, "code": "0017"},
        "addiction-medicine": [
            {"system": PREFERENCE_LIST, "code": "REF ADD", "display": "Addiction medicine"},
            {"system": ORDER_SET, "code": "ADDICTION"},
        ],
        "cbt-i": False,
    }
    made = card(tmp_path, orders)
    (naloxone,) = created(made, "MedicationRequest")
    assert naloxone["medicationCodeableConcept"]["coding"] == [{"system": PREFERENCE_LIST, "code": "0017"}]
    (referral,) = created(made, "ServiceRequest")
    assert referral["code"]["coding"] == orders["addiction-medicine"]
    assert "CBT for insomnia" in made["detail"]


def test_a_specialist_taper_is_filed_as_a_taper_referral_unless_it_has_a_code_of_its_own():
    offers = load_knowledge().suggestions.offers
    clinic, specialist = ({"system": PREFERENCE_LIST, "code": code} for code in ("TAPER", "SPECIALIST"))
    for orders, code in (
        ({"taper-referral": clinic}, "TAPER"),
        ({"taper-referral": clinic, "specialist-taper": specialist}, "SPECIALIST"),
    ):
        (filed,) = (
            OrdersBlock.model_validate({"like": "epic"} | orders).orderables().codes_of(offers["specialist-taper"])
        )
        assert (filed.system, filed.code) == (PREFERENCE_LIST, code)
    for orders in ({}, {"taper-referral": False}, {"taper-referral": clinic, "specialist-taper": False}):
        block = OrdersBlock.model_validate({"like": "epic"} | orders)
        assert block.orderables().codes_of(offers["specialist-taper"]) is None


def test_one_thing_alone_can_be_left_to_words(tmp_path):
    made = card(tmp_path, {"naloxone": False})
    assert created(made, "MedicationRequest") == []
    assert len(created(made, "ServiceRequest")) == 2
    assert "add naloxone" in made["detail"]


def test_what_is_offered_is_read_in_full_when_it_comes_back():
    knowledge = load_knowledge()
    assert isinstance(read_sig(knowledge.suggestions.overdose_reversal.dosage_text, knowledge), ReadSig)


def test_the_public_sandbox_is_offered_only_what_it_does_right(tmp_path):
    made = card(tmp_path, "cds-hooks-sandbox")
    assert [action["type"] for item in made["suggestions"] for action in item["actions"]] == ["delete"]
    assert "add naloxone" in made["detail"]


def test_an_ehr_that_files_nothing_gets_a_card_without_suggestions(tmp_path):
    made = card(tmp_path, {"medication": False, "referral": False, "removal": False})
    assert "suggestions" not in made
    assert "selectionBehavior" not in made
    assert "offered below" not in made["detail"]


def test_an_answer_from_memory_is_that_of_the_tenants_own_map(tmp_path):
    """The file changes; the same call again is filed by the new codes."""
    for code in ("1", "2"):
        made = card(tmp_path, {"naloxone": {"system": "urn:site", "code": code}})
        (naloxone,) = created(made, "MedicationRequest")
        assert [each["code"] for each in naloxone["medicationCodeableConcept"]["coding"]] == [code]


def test_every_documented_system_can_be_named_and_says_of_each_action_whether_it_is_filed(tmp_path):
    for name, system in order_systems().items():
        assert set(system.files) == set(Filing)
        assert card(tmp_path, name)


def test_config_check_shows_what_would_be_sent(tmp_path, monkeypatch, capsys):
    orders = {"like": "epic", "cbt": {"system": PREFERENCE_LIST, "code": "CBT"}}
    tenants = tenants_file(tmp_path, general={"orders": orders}, second={"tenant_claim": "second"})
    monkeypatch.setenv(f"{PREFIX}TENANTS", str(tenants))
    assert main(["config", "check"]) == 0
    printed = capsys.readouterr().out
    general = printed.partition("tenant general:")[2].partition("tenant second:")[0].splitlines()[1:]
    (coding,) = load_knowledge().suggestions.overdose_reversal.codings
    assert f"  naloxone: create MedicationRequest, {EPIC_RXNORM}|{coding.code}" in general
    assert f"  cbt: create ServiceRequest, {PREFERENCE_LIST}|CBT" in general
    assert "  cbt-i: in words" in general
    assert "  end of an earlier order: in words" in general
    assert "  removal of a draft: delete, by its resourceId" in general
    assert "  cbt: create ServiceRequest, text alone" in printed.partition("tenant second:")[2].splitlines()
