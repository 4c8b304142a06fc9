"""Does an answer silence no more than what it answered? Each case a card that must come back, or may stay away."""

from __future__ import annotations

from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from ehr import ANSWERED, bundle, cards, conditions, lorazepam, order, prefetch, request, sign
from sqlalchemy import select, update
from stores import client_with, store_of, store_settings

from cds_service.config import Settings
from cds_service.records.schema import cards as card_rows

LONG_USE = {
    "authoredOn": "2026-01-02",
    "dispenseRequest": {"expectedSupplyDuration": {"value": 330, "unit": "d"}},
}
DEPRESSION, SUICIDAL = ("35489007", "Depressive disorder"), ("6471006", "Suicidal thoughts")
ALCOHOL = ("7200002", "Alcoholism")
NARCAN = order("narcan", "naloxone hydrochloride 40 MG/ML Nasal Spray", code="1725059")


@pytest.fixture
def http(settings: Settings) -> Any:
    return client_with(settings)


def tablets(identity: str, a_day: float = 2, **more: Any) -> dict[str, Any]:
    """Lorazepam 1 mg: each tablet is 10 mg of diazepam."""
    return order(identity, "lorazepam 1 MG Oral Tablet", code="197901", units=a_day, **more)


def diazepam(identity: str, milligrams: int, **more: Any) -> dict[str, Any]:
    return order(identity, "diazepam 5 MG Oral Tablet", code="197591", units=milligrams / 5, **more)


def oxycodone(a_day: int = 3) -> dict[str, Any]:
    return order("oxy", "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=a_day)


def gabapentin(a_day: int = 3) -> dict[str, Any]:
    return order("gaba", "gabapentin 300 MG Oral Capsule", a_day=a_day)


def without_dose(identity: str, text: str) -> dict[str, Any]:
    return order(identity, text, dosageInstruction=[])


def renewed(*beside: dict[str, Any], ill: tuple[tuple[str, str], ...] = (), **more: Any) -> dict[str, Any]:
    """A plain renewal of 2 mg of lorazepam a day, with what else is on record."""
    return sign(
        tablets("new"), prefetch=prefetch(tablets("old", **LONG_USE), *beside, conditions=conditions(*ill)), **more
    )


def instance(number: int) -> dict[str, Any]:
    return {"hookInstance": f"d1577c69-dfbe-44ad-ba6d-3e05e953{number:04}"}


def topics(http: Any, body: dict[str, Any], number: int = 2) -> dict[str, str]:
    """The cards of a call, by topic: how loud."""
    return {each["source"]["topic"]["code"]: each["indicator"] for each in cards(http, body | instance(number))}


def override(http: Any, body: dict[str, Any], number: int = 1, at: str = ANSWERED) -> None:
    """Make a call, and answer each of its cards with "benefits outweigh the risks"."""
    made_cards = cards(http, body | instance(number))
    assert made_cards
    feedback = {"outcome": "overridden", "outcomeTimestamp": at}
    reason = {"overrideReason": {"reason": {"code": "benefits-outweigh-risks"}}}
    items = [feedback | reason | {"card": each["uuid"]} for each in made_cards]
    address = f"/cds-services/benzo-{body['hook']}/feedback"
    assert http.post(address, json={"feedback": items}).status_code == 200


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (renewed(), renewed()),
        (renewed(oxycodone(4)), renewed(oxycodone(4))),
        # Less of everything is no reason to say it again.
        (renewed(oxycodone(4), gabapentin()), renewed(oxycodone(3))),
        (renewed(ill=(DEPRESSION, ALCOHOL)), renewed(ill=(DEPRESSION,))),
        (renewed(without_dose("z", "zolpidem tartrate 5 MG Oral Tablet")),) * 2,
    ],
    ids=["the same", "the same opioid", "less beside", "a condition less", "the same unknown dose"],
)
def test_what_has_not_become_worse_stays_away(http, then, now):
    override(http, then)
    assert topics(http, now) == {}


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (renewed(oxycodone(3)), renewed(oxycodone(6))),
        (renewed(gabapentin(3)), renewed(gabapentin(9))),
        (renewed(oxycodone()), renewed(oxycodone(), gabapentin())),
        (renewed(oxycodone(), NARCAN), renewed(oxycodone())),
        # Both are of one finding, `mental-health` and `substance-use`.
        (renewed(ill=(DEPRESSION,)), renewed(ill=(DEPRESSION, SUICIDAL))),
        (renewed(ill=(ALCOHOL,)), renewed(ill=(ALCOHOL, ("5602001", "Opioid abuse")))),
        # Incomplete before and after, and more is unknown.
        (
            renewed(without_dose("z", "zolpidem tartrate 5 MG Oral Tablet")),
            renewed(
                without_dose("z", "zolpidem tartrate 5 MG Oral Tablet"),
                order("odd", "x", medicationCodeableConcept={"coding": [{"system": "urn:local", "code": "77"}]}),
            ),
        ),
        (
            renewed(without_dose("z", "zolpidem tartrate 5 MG Oral Tablet")),
            renewed(without_dose("t", "temazepam 15 MG Oral Capsule")),
        ),
    ],
    ids=[
        "more of the opioid",
        "more of what has no equivalent",
        "another depressant",
        "naloxone no longer on record",
        "thoughts of suicide beside depression",
        "another use disorder",
        "another unknown order",
        "another agent of unknown dose",
    ],
)
def test_what_joins_brings_a_card_back(http, then, now):
    override(http, then)
    assert topics(http, now)


def test_another_agent_of_the_same_load_is_no_renewal(http):
    """2 mg of lorazepam and 10 mg of diazepam, answered; then 2 mg and 10 mg by oxazepam: the load is 30 both times."""
    record = prefetch(tablets("old", **LONG_USE))
    override(http, sign(diazepam("d", 10), prefetch=record))
    assert topics(http, sign(diazepam("d2", 10), prefetch=record), 2) == {}
    assert topics(http, sign(order("ox", "oxazepam 10 MG Oral Capsule", a_day=2), prefetch=record), 3)


def test_an_answer_on_opening_the_chart_silences_no_warning(http):
    """There a card is for information: its answer is not one to a warning."""
    record = prefetch(tablets("old"), oxycodone())
    opened = request("patient-view", context={"draftOrders": None}, prefetch=record)
    override(http, opened)
    # 24 in the place of 20, which is within the quarter: nothing but the severity is new.
    instead = tablets("new", 2.4, priorPrescription={"reference": "MedicationRequest/old"})
    assert topics(http, sign(instead, prefetch=record)) == {"sedativeLoad": "warning"}
    override(http, sign(instead, prefetch=record), 3)
    assert topics(http, sign(instead, prefetch=record), 4) == {}


def test_a_further_cut_is_said_although_a_first_was_answered(http):
    """Four tablets to two, answered; then the half of that, and then nothing."""

    def cut(before: float, after: float) -> dict[str, Any]:
        stopped = tablets("old", before, **LONG_USE) | {"status": "stopped"}
        drafts = [stopped, *([tablets("new", after)] if after else [])]
        return sign(*drafts, prefetch=prefetch(tablets("old", before, **LONG_USE)))

    override(http, cut(4, 2))
    assert "sedativeLoad" not in topics(http, cut(4, 2), 2)
    assert topics(http, cut(2, 1), 3)["sedativeLoad"] == "warning"
    assert topics(http, cut(2, 0), 4)["sedativeLoad"] == "warning"


def test_a_change_of_the_table_hides_no_rise(store_address, tmp_path):
    """Answered by Ashton, where 1 mg of lorazepam is 10 mg of diazepam; then the double amount by VA/DoD, where it is
    5: the load in diazepam is the same."""

    def rise(before: float, after: float) -> dict[str, Any]:
        old = tablets("old", before, **LONG_USE)
        return sign(
            tablets("new", after, priorPrescription={"reference": "MedicationRequest/old"}), prefetch=prefetch(old)
        )

    override(client_with(store_settings(store_address, tmp_path)), rise(1, 2))
    policy = tmp_path / "site.yaml"
    policy.write_text("default_table: va-dod-2021\n", encoding="utf-8")
    by_another = client_with(store_settings(store_address, tmp_path, site_policy=policy))
    assert topics(by_another, rise(2, 4), 3)["sedativeLoad"] == "warning"


def test_an_answer_is_to_what_was_shown_and_not_to_what_came_later_under_its_name(http):
    """Some EHRs call again with the same instance: the card has the same uuid, and says three times as much."""

    def ordered(a_day: int) -> dict[str, Any]:
        return sign(tablets("new", a_day), prefetch=prefetch(tablets("old", a_day, **LONG_USE)))

    override(http, ordered(2), 1)
    assert topics(http, ordered(2), 1) == {}
    assert topics(http, ordered(6), 1)
    assert topics(http, ordered(6), 2)
    assert topics(http, ordered(2), 3) == {}


def test_nobody_answered_what_stood_in_shadow(store_address, tmp_path):
    def http(mode: str) -> Any:
        tenants = tenants_file(tmp_path, general={"keys": public(ES384), "mode": mode})
        return client_with(store_settings(store_address, tmp_path, tenants=tenants, development=True))

    def called(client: Any, where: str, body: dict[str, Any]) -> Any:
        return client.post(f"/cds-services{where}", json=body, headers={"Authorization": token(where)}).json

    settings = store_settings(store_address, tmp_path)
    assert called(http("shadow"), "/benzo-order-sign", renewed())["cards"] == []
    store = store_of(settings)
    uuid = store.database.use(lambda c: c.execute(select(card_rows.c.uuid)).scalar_one())
    feedback = {"card": uuid, "outcome": "overridden", "outcomeTimestamp": ANSWERED}
    reason = {"overrideReason": {"reason": {"code": "benefits-outweigh-risks"}}}
    assert called(http("on"), "/benzo-order-sign/feedback", {"feedback": [feedback | reason]}) == {"received": 1}
    assert called(http("on"), "/benzo-order-sign", renewed() | instance(2))["cards"]


def test_an_old_card_that_is_answered_again_and_again_is_not_snoozed_for_ever(http, settings):
    override(http, renewed())
    store = store_of(settings)
    store.database.use(lambda c: c.execute(update(card_rows).values(at="2026-08-01T00:00:00.000000Z")), writes=True)
    assert topics(http, renewed())


def test_a_card_kept_before_it_was_kept_what_stood_behind_it_is_shown_once_more(http, settings):
    override(http, renewed())
    store = store_of(settings)
    store.database.use(lambda c: c.execute(update(card_rows).values(hazards="[]", beside="{}")), writes=True)
    assert topics(http, renewed())


def test_a_draft_that_changed_in_what_the_card_does_not_show_is_shown_at_sign(http):
    """What is outside the load has no line of its own where others take the room."""
    beside = ("quetiapine 25 MG", "trazodone 50 MG", "hydroxyzine 25 MG", "cyclobenzaprine 5 MG", "mirtazapine 15 MG")
    record = prefetch(tablets("old"), *(order(name[:4], f"{name} Oral Tablet") for name in beside))

    def hook(name: str, a_day: int) -> dict[str, Any]:
        selections = {"selections": ["MedicationRequest/gaba"]} if name == "order-select" else {}
        return request(name, context={"draftOrders": bundle(gabapentin(a_day))} | selections, prefetch=record)

    assert topics(http, hook("order-select", 3), 1) == {"sedativeLoad": "info"}
    assert topics(http, hook("order-sign", 6), 2) == {"sedativeLoad": "info"}
    assert topics(http, hook("order-sign", 3), 3) == {}


def test_another_order_of_the_same_is_still_snoozed(http):
    override(http, sign(lorazepam()))
    assert topics(http, sign(lorazepam("another"))) == {}
