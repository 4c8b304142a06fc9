"""A second round of attacks by the body of a call, each by its name, and on what stands beside the calls: cards, log,
counts, feedback, secrets, other origins, the cache.

The first round stands in ``test_attacks.py``; ``test_attacks_on_tokens.py``, ``test_attacks_on_keys.py`` and
``test_attacks_on_connections.py`` have the others of the second.
"""

from __future__ import annotations

import gzip
import json
import re
import unicodedata
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from caller import OTHER_ES384, public, tenants_file, token
from ehr import (
    DAY,
    assert_outcome,
    bundle,
    cards,
    client,
    conditions,
    logged,
    lorazepam,
    order,
    patient,
    post,
    prefetch,
    sign,
)
from flask.testing import FlaskClient
from markdown_it import MarkdownIt

from cds_service.app import create_app
from cds_service.config import Settings

SIGN = "/cds-services/benzo-order-sign"
FEEDBACK = f"{SIGN}/feedback"
BODY = sign(lorazepam())
TEXT = json.dumps(BODY)
OXYCODONE = "oxycodone hydrochloride 5 MG Oral Tablet"


@pytest.fixture(scope="module")
def http() -> FlaskClient:
    return client()


# -- bodies

JSON = "application/json"
BODIES: dict[str, tuple[bytes, dict[str, str], int]] = {
    "UTF-16 with a mark": (TEXT.encode("utf-16"), {}, 400),
    "UTF-16 without a mark": (TEXT.encode("utf-16-le"), {}, 400),
    "UTF-16 that is declared": (TEXT.encode("utf-16"), {"Content-Type": f"{JSON}; charset=utf-16"}, 400),
    "UTF-32": (TEXT.encode("utf-32"), {}, 400),
    "UTF-7": (TEXT.replace("lorazepam", "lorazep\u00e4m").encode("utf-7").replace(b"{", b"+AHs-"), {}, 400),
    "EBCDIC": (TEXT.encode("cp500"), {"Content-Type": f"{JSON}; charset=ibm500"}, 400),
    "UTF-8 declared as another": (TEXT.encode(), {"Content-Type": f"{JSON}; charset=utf-16"}, 200),
    "two marks of byte order": (b"\xef\xbb\xbf" * 2 + TEXT.encode(), {}, 400),
    "a NUL behind": (TEXT.encode() + b"\0", {}, 400),
    "a NUL before": (b"\0" + TEXT.encode(), {}, 400),
    "two documents": (TEXT.encode() * 2, {}, 400),
    "JSON lines": (TEXT.encode() + b"\n" + TEXT.encode(), {}, 400),
    "a guard before": (b")]}',\n" + TEXT.encode(), {}, 400),
    "a callback around": (b"f(" + TEXT.encode() + b")", {}, 400),
    "a comment within": (TEXT.replace("{", "{/**/", 1).encode(), {}, 400),
    "names without quotes": (TEXT.replace('"hook"', "hook", 1).encode(), {}, 400),
    "a trailing comma": (TEXT[:-1].encode() + b",}", {}, 400),
    "a member twice, deep inside": (
        TEXT.replace('"status": "active"', '"status": "active", "status": "draft"', 1).encode(),
        {},
        400,
    ),
    "a member twice, once escaped": (TEXT.replace('"hook"', '"hoo\\u006b": "x", "hook"', 1).encode(), {}, 400),
    "a member twice, once composed otherwise": (
        TEXT.replace('"hook"', '"ho\u006fk\u0301": 1, "hook"', 1).encode(),
        {},
        200,
    ),
    "a list at the top": (f"[{TEXT}]".encode(), {}, 400),
    "a number at the top": (b"1", {}, 400),
    "a number of a million digits": (TEXT[:-1].encode() + b', "x": ' + b"9" * 1_000_000 + b"}", {}, 400),
    "an exponent of many digits": (TEXT[:-1].encode() + b', "x": 1e' + b"9" * 1_000 + b"}", {}, 400),
    "a name of a million letters": (TEXT[:-1].encode() + b', "' + b"x" * 1_000_000 + b'": 1}', {}, 200),
    "a hundred thousand members": (
        TEXT[:-1].encode() + b"".join(b', "x%d": 1' % n for n in range(100_000)) + b"}",
        {},
        200,
    ),
    "names of a language's objects": (TEXT[:-1].encode() + b', "__proto__": {"hook": 1}, "constructor": {}}', {}, 200),
    "no body": (b"", {}, 400),
    "JSON as a form": (b"json=" + TEXT.encode(), {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    "a part of many": (
        b"--x\r\nContent-Type: application/json\r\n\r\n" + TEXT.encode() + b"\r\n--x--",
        {"Content-Type": "multipart/mixed; boundary=x"},
        415,
    ),
    "two content types": (TEXT.encode(), {"Content-Type": f"{JSON}, text/plain"}, 415),
    "a content type that begins alike": (TEXT.encode(), {"Content-Type": "application/jsonp"}, 415),
    "a content type that ends alike": (TEXT.encode(), {"Content-Type": "text/plain; x=application/json"}, 415),
    "a content type in capitals": (TEXT.encode(), {"Content-Type": "APPLICATION/JSON"}, 200),
    "a page's plain text": (TEXT.encode(), {"Content-Type": "text/plain"}, 415),
    "a bomb in gzip": (gzip.compress(b" " * 50_000_000), {"Content-Encoding": "gzip"}, 415),
    "a bomb within a bomb": (gzip.compress(gzip.compress(b" " * 50_000_000)), {"Content-Encoding": "gzip, gzip"}, 415),
    "compressed and called identity": (zlib.compress(TEXT.encode()), {"Content-Encoding": "identity"}, 400),
    "compressed in the transfer": (gzip.compress(TEXT.encode()), {"Transfer-Encoding": "gzip, chunked"}, 400),
    "a patient of a million letters": (
        json.dumps(sign(lorazepam(), context={"patientId": "p" * 1_000_000})).encode(),
        {},
        200,
    ),
    "a hook instance of a million letters": (json.dumps(BODY | {"hookInstance": "i" * 1_000_000}).encode(), {}, 200),
    "a patient that is a list": (json.dumps(sign(lorazepam(), context={"patientId": ["p1", "p2"]})).encode(), {}, 400),
    "a patient that is an object": (
        json.dumps(sign(lorazepam(), context={"patientId": {"$ne": ""}})).encode(),
        {},
        400,
    ),
    "a hook that is a list": (json.dumps(BODY | {"hook": ["order-sign"]}).encode(), {}, 400),
}


@pytest.mark.parametrize("attack", BODIES)
def test_an_attack_by_a_body(http: FlaskClient, attack: str) -> None:
    data, headers, status = BODIES[attack]
    answer = http.post(SIGN, data=data, headers={"Content-Type": JSON} | headers)
    assert answer.status_code == status, answer.text[:300]
    if status == 200:
        assert answer.json["cards"]
    else:
        assert answer.json["resourceType"] == "OperationOutcome"


# -- text of the request on cards

TEXTS = {
    "a bare address": "https://foreign.com/x",
    "an address in capitals": "HTTPS://FOREIGN.COM/x",
    "an address without a scheme": "www.foreign.com/x",
    "an address in angles": "<https://foreign.com/>",
    "an address of mail": "x@foreign.com",
    "an address of mail with its scheme": "mailto:x@foreign.com",
    "another scheme": "ftp://foreign.com/x",
    "a script": "[x](javascript:alert(1))",
    "data": "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "a link": "[x](https://foreign.com)",
    "a link with a title": '[x](<https://foreign.com> "t")',
    "a link that is escaped before": "\\[x\\](https://foreign.com)",
    "a link by reference": "[x][a]\n\n[a]: https://foreign.com",
    "an image": "![x](https://foreign.com/x.png)",
    "an image by reference": "![x][a]\n\n[a]: https://foreign.com/x.png",
    "a footnote": "[^1]\n\n[^1]: https://foreign.com",
    "an element": "<img src=x onerror=alert(1)>",
    "an element without its end": "<script src=//foreign.com",
    "an element of another space": "<svg/onload=alert(1)>",
    "a comment": "<!-- x",
    "a section": "<![CDATA[x]]>",
    "an instruction": "<?php echo 1 ?>",
    "entities": "&lt;script&gt; &#60;img src=x&#62; &#x3c;b&#x3e;",
    "a heading": "x\n\n# Heading",
    "a heading by a line": "x\n===",
    "a rule": "x\n\n---\n\n",
    "a quotation": "x\n\n> quoted",
    "a list": "x\n\n- item\n- [ ] task",
    "a table": "x\n\n| a | b |\n|---|---|\n| c | d |",
    "code": "`` ` ``<b>`",
    "a block of code": "x\n\n```\ncode",
    "a block of code by spaces": "x\n\n    code",
    "emphasis": "**bold** __bold__ ~~gone~~ *x* _x_",
    "a backslash at the end": "x\\",
    "backslashes": "\\\\[x](https://foreign.com)\\\\",
    "a formula": "$$x$$ $(x)$",
    "a template": "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}",
    "a look-up": "${jndi:ldap://foreign.com/x}",
    "formats": "%s%s%n {0.__class__} {self}",
    "text from right to left": "x\u202ecod.exe\u202c y",
    "isolated text": "x\u2066y\u2069",
    "letters that are not seen": "al\u200bpra\u200dzo\u2060lam\ufeff",
    "tags that are not seen": "x\U000e0041\U000e0042",
    "a separator of lines": "x\u2028y\u2029z",
    "a next line": "x\x85y",
    "a line of a log": 'x\n{"event":"answered","status":200}',
    "a colour of a terminal": "\x1b[31mred\x1b[0m",
    "a link of a terminal": "\x1b]8;;https://foreign.com\x07x\x1b]8;;\x07",
    "a bell and a backspace": "x\x07\x08\x7f",
    "a private letter": "x\ue000y",
    "many marks on a letter": "x" + "\u0301" * 200,
    "a formula of a spreadsheet": '=HYPERLINK("https://foreign.com")',
}
MARKDOWN = MarkdownIt("gfm-like")
# GitHub's Markdown makes a link of a bare name of a host only behind a scheme or www.
MARKDOWN.linkify.set({"fuzzy_link": False})
ALLOWED_TOKENS = {
    "paragraph_open",
    "paragraph_close",
    "inline",
    "text",
    "softbreak",
    "hardbreak",
    "strong_open",
    "strong_close",
    "em_open",
    "em_close",
    "bullet_list_open",
    "bullet_list_close",
    "list_item_open",
    "list_item_close",
    "text_special",
}
NOT_SHOWN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}


def shown_lines(card: dict[str, Any]) -> Iterator[str]:
    """The texts of a card that are one line each, in no markup."""
    yield card["summary"]
    yield card["source"]["label"]
    for link in card.get("links", []):
        yield link["label"]
    for suggestion in card.get("suggestions", []):
        yield suggestion["label"]
        for action in suggestion["actions"]:
            yield action["description"]
    for reason in card.get("overrideReasons", []):
        yield reason["display"]


def tokens_of(text: str) -> Iterator[Any]:
    """The parts of a text as GitHub's Markdown."""
    for part in MARKDOWN.parse(text):
        yield part
        yield from part.children or ()


def hostile(text: str) -> dict[str, Any]:
    """A request with a text wherever a card may tell of one."""
    name = {"medicationCodeableConcept": {"text": f"lorazepam 1 MG Oral Tablet {text}"}}
    draft = lorazepam(dosageInstruction=[{"text": f"1 tablet twice daily {text}", "patientInstruction": text}], **name)
    draft |= {"requester": {"reference": f"Practitioner/{text}", "display": text}, "note": [{"text": text}]}
    coded = order("coded", "x")
    coded["medicationCodeableConcept"] = {"coding": [{"system": text, "code": text, "display": f"{text} oxycodone"}]}
    unknown = order("unknown", f"{text} zopiclonish {text}")
    odd_unit = order("unit", OXYCODONE)
    odd_unit["dosageInstruction"][0]["doseAndRate"][0]["doseQuantity"]["unit"] = text
    problems = conditions(("36923009", f"Depression {text}"), ("73211009", text))
    record = prefetch(
        coded,
        unknown,
        odd_unit,
        order("op", f"{OXYCODONE} {text}", a_day=4),
        patient=patient(name=[{"text": text}]),
        conditions=problems,
    )
    context = {"userId": f"Practitioner/{text}", "encounterId": text}
    return sign(draft, context=context, prefetch=record)


@pytest.mark.parametrize("attack", TEXTS)
def test_an_attack_by_a_text_on_a_card(http: FlaskClient, attack: str) -> None:
    """Nothing of it is a link, an image, an element or a structure of its own, and nothing of it is not seen."""
    answered = cards(http, hostile(TEXTS[attack]))
    assert answered
    for card in answered:
        parts = list(tokens_of(card["detail"]))
        links = [part.attrGet("href") for part in parts if part.type == "link_open"]
        assert not [link for link in links if "foreign" in link.lower() or not link.startswith("https://")]
        others = {part.type for part in parts} - ALLOWED_TOKENS - {"link_open", "link_close"}
        assert others == set(), card["detail"]
        assert not re.search(r"(?i)(?<![\w\\])www\.foreign", card["detail"])
        for line in shown_lines(card):
            assert not {unicodedata.category(sign_) for sign_ in line} & NOT_SHOWN
            assert "<" not in line
        shown = card["detail"].replace("\n", "")
        assert not {unicodedata.category(sign_) for sign_ in shown} & NOT_SHOWN
        addresses = [card["source"].get("url", ""), *(link["url"] for link in card.get("links", []))]
        assert not [address for address in addresses if "foreign" in address.lower()]


@pytest.mark.parametrize("attack", TEXTS)
def test_an_attack_by_a_text_on_a_plain_card_and_on_the_log(
    tmp_path_factory: pytest.TempPathFactory, attack: str
) -> None:
    """Each line of the log is one line of JSON, of known words alone, whatever was sent and wherever."""
    http, text = plain_client(tmp_path_factory), TEXTS[attack]
    header = {"X-Request-Id": text.encode("unicode_escape").decode(), "User-Agent": "x"}
    with logged() as lines:
        answer = http.post(SIGN, json=hostile(text), headers=header | {"Authorization": token()})
        http.post(SIGN, json=hostile(text) | {"hook": text}, headers={"Authorization": token()})
        http.post(SIGN, json={text: text, "context": {text: text}}, headers={"Authorization": token()})
        http.post(SIGN, json=BODY, headers={"Authorization": token(iss=text, sub=text)})
        http.get(f"/{quote(text)}?{quote(text)}={quote(text)}")
        http.post(f"/cds-services/{quote(text)}", json=BODY, headers={"Authorization": token(f"/{text}")})
    assert answer.status_code == 200
    for card in answer.json["cards"]:
        assert not {unicodedata.category(sign_) for sign_ in card["detail"].replace("\n", "")} & NOT_SHOWN
    for line in lines:
        assert "\n" not in line
        assert isinstance(json.loads(line), dict)
        assert "foreign" not in line.lower()
        assert not {unicodedata.category(sign_) for sign_ in line} & NOT_SHOWN
        assert text not in line or len(text) < 3


_PLAIN: list[FlaskClient] = []


def plain_client(folders: pytest.TempPathFactory) -> FlaskClient:
    """A service whose tenant shows plain text."""
    if not _PLAIN:
        path = tenants_file(folders.mktemp("plain"), general={"cards": {"text": "plain"}})
        _PLAIN.append(create_app(Settings(tenants=path), clock=lambda: DAY).test_client())
    return _PLAIN[0]


# -- counts


def series(http: FlaskClient) -> set[str]:
    """The names and labels of everything that is counted."""
    lines = http.get("/metrics").text.splitlines()
    return {line.rpartition(" ")[0] for line in lines if not line.startswith("#")}


def test_a_caller_makes_no_series_of_its_own(tmp_path: Path) -> None:
    """Services, methods, issuers, reasons and codes of its own: what is counted has the same names after them."""
    app = create_app(Settings(tenants=tenants_file(tmp_path)), clock=lambda: DAY)
    http = app.test_client()

    def attack(number: int) -> None:
        name = f"marigold-{number}"
        http.post(f"/cds-services/{name}", json=BODY)
        http.open(SIGN, method=f"MARIGOLD{number}")
        http.get(f"/{name}/{name}")
        http.post(SIGN, json=BODY | {"hook": name}, headers={"Authorization": token(iss=name)})
        http.post(SIGN, json=BODY | {"hook": name}, headers={"Authorization": token()})
        http.post(f"/cds-services/{name}", json=BODY, headers={"Authorization": token(f"/{name}", tenant=name)})
        answer = {"card": name, "outcome": "overridden", "outcomeTimestamp": "2026-11-22T10:00:00Z"}
        answer["overrideReason"] = {"reason": {"code": name, "system": name}}
        http.post(FEEDBACK, json={"feedback": [answer]}, headers={"Authorization": token("/benzo-order-sign")})

    attack(0)
    series(http)  # which is itself counted
    before = series(http)
    for number in range(1, 30):
        attack(number)
    assert series(http) == before
    assert "marigold" not in http.get("/metrics").text.lower()


# -- feedback


@pytest.fixture
def two_tenants(tmp_path: Path) -> FlaskClient:
    other = {"issuer": "https://other.example", "keys": public(OTHER_ES384)}
    path = tenants_file(tmp_path, general={}, other=other)
    settings = Settings(tenants=path, store=str(tmp_path / "records.sqlite3"))
    return create_app(settings, clock=lambda: DAY).test_client()


def answering(card: Any, **more: Any) -> dict[str, Any]:
    reason = {"reason": {"code": "palliative"}}
    moment = "2026-11-22T10:05:31Z"
    return {"card": card, "outcome": "overridden", "outcomeTimestamp": moment, "overrideReason": reason} | more


def test_a_tenant_answers_no_card_of_another(two_tenants: FlaskClient) -> None:
    """Known to be true of the card itself, but asked under another tenant: nothing is snoozed."""

    def ask() -> list[dict[str, Any]]:
        answer = two_tenants.post(SIGN, json=BODY | {"hookInstance": token()}, headers={"Authorization": token()})
        return list(answer.json["cards"])

    (card,) = ask()
    theirs = token("/benzo-order-sign", key=OTHER_ES384, iss="https://other.example")
    answer = two_tenants.post(FEEDBACK, json={"feedback": [answering(card["uuid"])]}, headers={"Authorization": theirs})
    assert answer.json == {"received": 1}
    assert len(ask()) == 1


FEEDBACKS: dict[str, tuple[Any, int]] = {
    "a card of nobody": ([answering("no-such-card")], 200),
    "a card of five megabytes": ([answering("x" * 4_900_000)], 200),
    "a comment of four megabytes": ([answering("x", overrideReason={"userComment": "x" * 4_000_000})], 200),
    "a card that is an object": ([answering({"$ne": ""})], 400),
    "a card that is a list": ([answering(["x"])], 400),
    "an outcome that is none": ([answering("x", outcome="ignored")], 400),
    "an outcome that is an object": ([answering("x", outcome={"a": 1})], 400),
    "a time that is none": ([answering("x", outcomeTimestamp="yesterday")], 400),
    "a time that is a number": ([answering("x", outcomeTimestamp=1)], 400),
    "a hundred thousand suggestions": (
        [answering("x", outcome="accepted", acceptedSuggestions=[{"id": "x"}] * 100_000)],
        413,
    ),
    "a reason nested beyond reading": ([answering("x", overrideReason=json.loads("[" * 90 + "]" * 90))], 413),
    "ten thousand and one answers": ([answering("x")] * 10_001, 413),
    "an object in place of the list": ({"card": "x"}, 400),
}


@pytest.mark.parametrize("attack", FEEDBACKS)
def test_an_attack_by_feedback(http: FlaskClient, attack: str) -> None:
    sent, status = FEEDBACKS[attack]
    answer = http.post(FEEDBACK, json={"feedback": sent})
    assert answer.status_code == status, answer.text[:300]


# -- secrets

SECRET = "the-secret-of-the-operators"
PRESENTED: dict[str, tuple[dict[str, str], int]] = {
    "as a bearer": ({"Authorization": f"Bearer {SECRET}"}, 200),
    "with more behind": ({"Authorization": f"Bearer {SECRET}x"}, 404),
    "cut short": ({"Authorization": f"Bearer {SECRET[:-1]}"}, 404),
    "in capitals": ({"Authorization": f"Bearer {SECRET.upper()}"}, 404),
    "empty": ({"Authorization": "Bearer"}, 404),
    "of another scheme": ({"Authorization": f"Token {SECRET}"}, 404),
    "as a user without a password": ({"Authorization": "Basic " + "dGhlLXNlY3JldC1vZi10aGUtb3BlcmF0b3JzOg=="}, 404),
    "in a header of its own": ({"X-Secret": SECRET}, 404),
    "in a cookie": ({"Cookie": f"secret={SECRET}"}, 404),
    "by a digest": ({"Authorization": f'Digest username="x", response="{SECRET}"'}, 404),
    "in other letters": (
        {"Authorization": f"Bearer {SECRET.replace('s', chr(0x17F))}".encode().decode("latin-1")},
        404,
    ),
}


@pytest.mark.parametrize("path", ["/metrics", "/review/performance"])
@pytest.mark.parametrize("attack", PRESENTED)
def test_the_secret_of_operators_is_presented_in_one_way(tmp_path: Path, path: str, attack: str) -> None:
    file = tmp_path / "secret"
    file.write_text(SECRET + "\n", encoding="utf-8")
    headers, status = PRESENTED[attack]
    answer = client(metrics_secret_file=file).get(path, headers=headers)
    assert answer.status_code in (status, 401 if status == 404 else status)
    assert SECRET not in answer.text
    assert client(metrics_secret_file=file).get(f"{path}?secret={SECRET}").status_code in (401, 404)


# -- other origins

LISTED = "https://ehr.example"
ORIGINS = {
    "null": "null",
    "everybody": "*",
    "empty": "",
    "a suffix": "https://ehr.example.foreign.com",
    "a prefix": "https://foreign-ehr.example",
    "a name below": "https://sub.ehr.example",
    "another scheme": "http://ehr.example",
    "another port": "https://ehr.example:8443",
    "the port of the scheme": "https://ehr.example:443",
    "capitals": "https://EHR.example",
    "a slash": "https://ehr.example/",
    "a path": "https://ehr.example/x",
    "a user": "https://ehr.example@foreign.com",
    "a line feed": "https://ehr.example%0d%0ax",
    "a dot for a letter": "https://ehrxexample",
    "two of them": "https://ehr.example https://foreign.com",
    "a list": "https://ehr.example, https://foreign.com",
    "a file": "file://",
    "an extension": "chrome-extension://abcdefgh",
    "a letter alike": "https://\u0435hr.example".encode().decode("latin-1"),
}


@pytest.fixture(scope="module")
def listing() -> FlaskClient:
    return client(cors_origins=[LISTED])


@pytest.mark.parametrize("attack", ORIGINS)
def test_an_origin_that_only_looks_listed_is_not_let_in(listing: FlaskClient, attack: str) -> None:
    headers = {"Origin": ORIGINS[attack], "Access-Control-Request-Method": "POST"}
    for answer in (
        listing.options(SIGN, headers=headers),
        listing.post(SIGN, json=BODY, headers=headers),
        listing.get("/cds-services", headers=headers),
    ):
        assert [name for name, _ in answer.headers if name.startswith("Access-Control")] == []
        assert "Origin" in answer.headers.get_all("Vary")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_a_page_cannot_call_without_asking_first(http: FlaskClient, content_type: str) -> None:
    """What a page may send to any address unasked is no call."""
    headers = {"Origin": "https://foreign.com", "Content-Type": content_type, "Sec-Fetch-Site": "cross-site"}
    assert_outcome(http.post(SIGN, data=TEXT, headers=headers), 415, "not-supported")
    assert_outcome(http.post(FEEDBACK, data='{"feedback": []}', headers=headers), 415, "not-supported")


# -- the cache


def test_a_cached_answer_is_given_to_nobody_else(tmp_path: Path) -> None:
    """The same body from another tenant, and for another user, patient or encounter, is judged anew; a token that is
    refused gets nothing of it."""
    other = {
        "issuer": "https://other.example",
        "keys": public(OTHER_ES384),
        "findings": {"total-load": "off", "high-potency": "off"},
    }
    path = tenants_file(tmp_path, general={}, other=other)
    http = create_app(Settings(tenants=path), clock=lambda: DAY).test_client()

    def ask(authorization: str, body: dict[str, Any] = BODY) -> Any:
        return http.post(SIGN, json=body, headers={"Authorization": authorization})

    assert len(ask(token()).json["cards"]) == 1
    assert ask(token(key=OTHER_ES384, iss="https://other.example")).json["cards"] == []
    assert ask(token(key=OTHER_ES384)).status_code == 401
    seen = {ask(token()).json["cards"][0]["uuid"]}
    for changed in ({"userId": "Practitioner/dr-2"}, {"encounterId": "e2"}):
        body = json.loads(TEXT)
        body["context"] |= changed
        assert len(ask(token(), body).json["cards"]) == 1
    body = sign(lorazepam(subject={"reference": "Patient/p2"}), context={"patientId": "p2"})
    assert {card["uuid"] for card in ask(token(), body).json["cards"]}.isdisjoint(seen)


# -- a bundle that refers to itself, and orders in numbers


CIRCLES = {
    "an order that replaces itself": lorazepam("a", priorPrescription={"reference": "MedicationRequest/a"}),
    "an order based on itself": lorazepam("a", basedOn=[{"reference": "MedicationRequest/a"}]),
    "an order of its own contained": lorazepam("a", contained=[lorazepam("a")]),
    "an order whose medication is the order": order("a", "x") | {"medicationReference": {"reference": "#a"}},
}


@pytest.mark.parametrize("attack", CIRCLES)
def test_what_refers_to_itself_is_judged(http: FlaskClient, attack: str) -> None:
    answer = post(http, sign(CIRCLES[attack], prefetch=prefetch(CIRCLES[attack], conditions=bundle(bundle()))))
    assert answer.status_code == 200
