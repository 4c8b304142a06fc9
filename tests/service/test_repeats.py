"""Is a card shown once to the same user, and again as soon as something is worse or new?"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from caller import ES384, public, tenants_file, token
from ehr import cards, conditions, lorazepam, order, prefetch, request, select, sign
from sqlalchemy import update
from stores import client_with, store_of, store_settings

from cds_service.config import Settings
from cds_service.records.schema import cards as card_rows

LONG_USE = {
    "authoredOn": "2026-01-02",
    "dispenseRequest": {"expectedSupplyDuration": {"value": 330, "unit": "d"}},
}
LONG_SUPPLY = {"expectedSupplyDuration": {"value": 30, "unit": "d"}, "numberOfRepeatsAllowed": 2}
SUICIDAL = ("6471006", "Suicidal thoughts")
NARCAN = order("narcan", "naloxone hydrochloride 40 MG/ML Nasal Spray", code="1725059")


@pytest.fixture
def http(settings: Settings) -> Any:
    return client_with(settings)


def oxycodone(a_day: int = 3, identity: str = "oxy") -> dict[str, Any]:
    return order(identity, "oxycodone hydrochloride 5 MG Oral Tablet", code="1049621", a_day=a_day)


def called(http: Any, body: dict[str, Any], number: int, user: str | None = "Practitioner/dr-1") -> list[str]:
    """How loud the cards of a call are, which has a hookInstance of its own."""
    instance = {"hookInstance": f"d1577c69-dfbe-44ad-ba6d-3e05e953{number:04}"}
    context = {key: value for key, value in body["context"].items() if key != "userId"}
    if user is not None:
        context["userId"] = user
    return [card["indicator"] for card in cards(http, body | instance | {"context": context})]


def chart(*record: dict[str, Any], hook: str = "patient-view", ill: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    return request(hook, prefetch=prefetch(*record, conditions=conditions(*ill)))


def selected(*drafts: dict[str, Any], **more: Any) -> dict[str, Any]:
    return select(*drafts, selections=[f"MedicationRequest/{draft['id']}" for draft in drafts], **more)


def moved_back(settings: Settings, **age: float) -> None:
    """Let what was shown be so old."""
    then = (datetime.now(UTC) - timedelta(**age)).isoformat(timespec="microseconds").replace("+00:00", "Z")
    store_of(settings).database.use(lambda c: c.execute(update(card_rows).values(at=then)), writes=True)


# -- the chart -------------------------------------------------------------------------------------------------------


def test_a_chart_opened_again_is_met_with_silence_though_nobody_answered(http):
    opened = chart(lorazepam("old", **LONG_USE))
    assert called(http, opened, 1) == ["info"]
    assert called(http, opened, 2) == []
    assert called(http, opened, 3) == []


def test_the_start_of_an_encounter_repeats_no_chart(http):
    assert called(http, chart(lorazepam("old", **LONG_USE)), 1) == ["info"]
    assert called(http, chart(lorazepam("old", **LONG_USE), hook="encounter-start"), 2) == []


@pytest.mark.parametrize("user", ["Practitioner/dr-2", None], ids=["another user", "no user"])
def test_who_was_not_shown_it_is_shown_it(http, user):
    opened = chart(lorazepam("old", **LONG_USE))
    assert called(http, opened, 1, user) == ["info"]
    assert called(http, opened, 2) == ["info"]
    assert called(http, opened, 3, "Practitioner/dr-3") == ["info"]


def test_without_a_user_nothing_is_a_repeat(http):
    opened = chart(lorazepam("old", **LONG_USE))
    assert called(http, opened, 1, None) == called(http, opened, 2, None) == ["info"]


def test_the_same_call_again_has_the_same_answer(http):
    opened = chart(lorazepam("old", **LONG_USE))
    assert called(http, opened, 1) == called(http, opened, 1) == ["info"]


@pytest.mark.parametrize(("days", "shown"), [(29, []), (31, ["info"])])
def test_after_the_days_of_the_policy_it_is_shown_again(http, settings, days, shown):
    opened = chart(lorazepam("old", **LONG_USE))
    called(http, opened, 1)
    moved_back(settings, days=days)
    assert called(http, opened, 2) == shown


def test_a_site_that_wants_it_at_each_opening_gets_it(store_address, tmp_path):
    policy = tmp_path / "site.yaml"
    policy.write_text("policy: {repeat: {chart_days: 0, order_minutes: 0}}\n", "utf-8")
    http = client_with(store_settings(store_address, tmp_path, site_policy=policy))
    opened = chart(lorazepam("old", **LONG_USE))
    assert called(http, opened, 1) == called(http, opened, 2) == ["info"]
    assert called(http, selected(lorazepam("new")), 3) == called(http, sign(lorazepam("new")), 4) == ["info"]


OLD = lorazepam("old", **LONG_USE)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (chart(OLD), chart(lorazepam("more", **LONG_USE) | {"dosageInstruction": OLD["dosageInstruction"] * 2})),
        (chart(OLD), chart(OLD, oxycodone())),
        (chart(OLD, oxycodone(3)), chart(OLD, oxycodone(4))),
        (chart(OLD, oxycodone(), NARCAN), chart(OLD, oxycodone())),
        (chart(OLD), chart(OLD, ill=(SUICIDAL,))),
        (chart(OLD), chart(OLD, order("z", "zolpidem tartrate 5 MG Oral Tablet", dosageInstruction=[]))),
    ],
    ids=["more of it", "an opioid", "more of the opioid", "naloxone gone", "a condition", "an unknown dose"],
)
def test_what_is_worse_or_new_is_shown_at_once(http, then, now):
    assert called(http, then, 1) == ["info"]
    assert called(http, now, 2) == ["info"]


@pytest.mark.parametrize(
    ("then", "now"),
    [
        (chart(OLD, oxycodone(4)), chart(OLD, oxycodone(3))),
        (chart(OLD, oxycodone()), chart(OLD)),
        (chart(OLD, oxycodone()), chart(OLD, oxycodone(), NARCAN)),
        (chart(OLD, ill=(SUICIDAL,)), chart(OLD)),
    ],
    ids=["less of the opioid", "no opioid", "naloxone", "a condition less"],
)
def test_what_is_better_is_no_reason_to_say_it_again(http, then, now):
    assert called(http, then, 1) == ["info"]
    assert called(http, now, 2) == []


def test_what_was_told_when_the_order_was_written_is_not_told_again_on_opening_the_chart(http):
    renewal = sign(lorazepam("new"), prefetch=prefetch(OLD, conditions=conditions()))
    assert called(http, renewal, 1) == ["info"]
    assert called(http, chart(OLD), 2) == []


# -- select, then sign -----------------------------------------------------------------------------------------------


def test_an_ehr_that_calls_sign_alone_gets_the_warning_each_time(http):
    signed = sign(lorazepam("new"), prefetch=prefetch(oxycodone()))
    assert called(http, signed, 1) == called(http, signed, 2) == ["warning"]


def test_a_warning_that_was_judged_in_shadow_at_select_is_shown_at_sign(store_address, tmp_path):
    tenants = tenants_file(tmp_path, general={"keys": public(ES384), "services": {"benzo-order-select": "shadow"}})
    http = client_with(store_settings(store_address, tmp_path, tenants=tenants, development=True))

    def answered(body: dict[str, Any]) -> list[str]:
        where = f"/benzo-{body['hook']}"
        reply = http.post(f"/cds-services{where}", json=body, headers={"Authorization": token(where)})
        return [card["indicator"] for card in reply.json["cards"]]

    record = prefetch(oxycodone())
    assert answered(selected(lorazepam("new"), prefetch=record)) == []
    assert answered(sign(lorazepam("new"), prefetch=record)) == ["warning"]


def test_naloxone_that_was_added_between_is_no_reason_to_warn_again(http):
    record = prefetch(oxycodone())
    assert called(http, selected(lorazepam("new"), prefetch=record), 1) == ["warning"]
    assert called(http, sign(lorazepam("new"), NARCAN, prefetch=record), 2) == []


@pytest.mark.parametrize(
    ("signed", "record"),
    [
        (lorazepam("new") | {"dosageInstruction": OLD["dosageInstruction"] * 2}, prefetch(oxycodone())),
        (lorazepam("new", dosageInstruction=[{"text": "as directed"}]), prefetch(oxycodone())),
        (lorazepam("new", dispenseRequest=LONG_SUPPLY), prefetch(oxycodone())),
        (lorazepam("new"), prefetch(oxycodone(4))),
        (lorazepam("new"), prefetch(oxycodone(), conditions=conditions(SUICIDAL))),
        (order("new", "clonazepam 1 MG Oral Tablet", a_day=1), prefetch(oxycodone())),
    ],
    ids=["another dose", "a dose that is not known", "for longer", "more of the opioid", "a condition", "another drug"],
)
def test_a_warning_comes_back_at_sign_if_something_changed(http, signed, record):
    selection = selected(lorazepam("new"), prefetch=prefetch(oxycodone(), conditions=conditions()))
    assert called(http, selection, 1) == ["warning"]
    assert called(http, sign(signed, prefetch=record), 2) == ["warning"]


def test_a_further_draft_is_shown_with_the_first(http):
    record = prefetch(oxycodone(), conditions=conditions())
    assert called(http, selected(lorazepam("new"), prefetch=record), 1) == ["warning"]
    more = order("z", "zolpidem tartrate 5 MG Oral Tablet")
    assert called(http, sign(lorazepam("new"), more, prefetch=record), 2) == ["warning"]


def test_critical_is_always_shown(store_address, tmp_path):
    policy = tmp_path / "site.yaml"
    policy.write_text("critical: [concurrent-opioid]\n", "utf-8")
    http = client_with(store_settings(store_address, tmp_path, site_policy=policy))
    record = prefetch(oxycodone())
    assert called(http, selected(lorazepam("new"), prefetch=record), 1) == ["critical"]
    assert called(http, sign(lorazepam("new"), prefetch=record), 2) == ["critical"]


def test_a_store_that_is_down_silences_nothing(tmp_path):
    http = client_with(store_settings("postgresql://x@127.0.0.1:1/y", tmp_path, store_seconds=0.2))
    opened = chart(OLD)
    assert called(http, opened, 1) == called(http, opened, 2) == ["info"]
