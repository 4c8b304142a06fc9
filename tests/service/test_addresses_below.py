"""Which addresses are below a base, in every spelling of an address that leads elsewhere?"""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.config.limits import MAX_ADDRESS_LENGTH
from cds_service.trust.addresses import address_below

BASE = "https://ehr.example/api/fhir"

BELOW = {
    "a reference": ("Patient/p1", "/Patient/p1"),
    "a query": ("Condition?patient=p1&_count=200", "/Condition?patient=p1&_count=200"),
    "a query of the base": ("?page=2", "/?page=2"),
    "an absolute address": (f"{BASE}/Medication/m1", "/Medication/m1"),
    "the base with a query": (f"{BASE}?_getpages=1&x=a%2fb%2e%2e", "?_getpages=1&x=a%2fb%2e%2e"),
    "another path of the host": ("/api/fhir/Medication/m1", "/Medication/m1"),
    "the default port": ("https://ehr.example:443/api/fhir/Medication/m1", "/Medication/m1"),
    "the host in capitals": ("HTTPS://EHR.Example/api/fhir/Medication/m1", "/Medication/m1"),
    "a letter of the base encoded": ("https://ehr.example/api/f%68ir/Medication/m1", "/Medication/m1"),
    "an id with dots": ("Medication/1.2.840..9", "/Medication/1.2.840..9"),
    "an id with parameters": ("Medication/m1;v=2", "/Medication/m1;v=2"),
    "an operation": ("Patient/p1/$everything", "/Patient/p1/$everything"),
    "an id in other letters": ("Medication/é", "/Medication/é"),
    "an encoded space": ("Medication/a%20b", "/Medication/a%20b"),
    "two slashes": (f"{BASE}//Medication/m1", "//Medication/m1"),
    "a fragment": ("Medication/m1#../../x", "/Medication/m1"),
    "spaces around it": (f"  {BASE}/Medication/m1\n", "/Medication/m1"),
    "dots of a query": ("Condition?next=../../x", "/Condition?next=../../x"),
}

ELSEWHERE = {
    "two dots": "../admin",
    "two dots inside": "Patient/../../admin",
    "two dots that stay below": "Patient/../Condition",
    "two dots in an absolute address": f"{BASE}/../admin",
    "one dot": "./Patient",
    "encoded dots": f"{BASE}/%2e%2e/admin",
    "encoded dots in capitals": f"{BASE}/%2E%2E/admin",
    "one of two dots encoded": f"{BASE}/.%2e/admin",
    "dots encoded twice": f"{BASE}/%252e%252e/admin",
    "dots encoded three times": f"{BASE}/%25252e%25252e/admin",
    "an encoded slash": f"{BASE}/Patient%2f..%2f..%2fadmin",
    "an encoded slash alone": f"{BASE}/Patient%2fp1",
    "a slash encoded twice": f"{BASE}/..%252fadmin",
    "an encoded slash for the base's own": "https://ehr.example/api%2ffhir/Patient/p1",
    "a backslash": f"{BASE}/..\\admin",
    "an encoded backslash": f"{BASE}/..%5cadmin",
    "a backslash in the host": "https://foreign.example\\@ehr.example/api/fhir/Medication/m1",
    "an encoded backslash in the host": "https://foreign.example%5c@ehr.example/api/fhir/Medication/m1",
    "dots with parameters": f"{BASE}/..;/admin",
    "dots with a named parameter": f"{BASE}/..;a=b/admin",
    "encoded dots with encoded parameters": f"{BASE}/%2e%2e%3b/admin",
    "dots and a space": f"{BASE}/..%20/admin",
    "full-width dots": f"{BASE}/．．/admin",
    "encoded full-width dots": f"{BASE}/%EF%BC%8E%EF%BC%8E/admin",
    "a two-dot leader": f"{BASE}/‥/admin",
    "one-dot leaders": f"{BASE}/․․/admin",
    "a full-width slash": f"{BASE}/Patient／..／..／admin",
    "a full-width backslash": f"{BASE}/..＼admin",
    "full-width per cent": f"{BASE}/％2e％2e/admin",
    "overlong UTF-8": f"{BASE}/%c0%ae%c0%ae/admin",
    "bytes that are no text": f"{BASE}/%ff",
    "a NUL": f"{BASE}/Patient%00/p1",
    "an encoded line feed": f"{BASE}/Patient%0d%0aHost:x",
    "a tab between dots": f"{BASE}/.\t./admin",
    "a sibling that begins alike": "https://ehr.example/api/fhir2/Patient/p1",
    "a sibling by a dot": "https://ehr.example/api/fhir.admin/Patient/p1",
    "a sibling by parameters": "https://ehr.example/api/fhir;v=2/Patient/p1",
    "a sibling by an encoded letter": "https://ehr.example/api/fhir%32/Patient/p1",
    "above the base": "https://ehr.example/api",
    "above the base by its path": "/admin",
    "a folder before": "https://ehr.example/x/api/fhir/Patient/p1",
    "an empty folder before": "https://ehr.example//api/fhir/Patient/p1",
    "the base in capitals": "https://ehr.example/API/FHIR/Patient/p1",
    "another port": "https://ehr.example:8443/api/fhir/Patient/p1",
    "another scheme": "http://ehr.example/api/fhir/Patient/p1",
    "the other scheme's port": "http://ehr.example:443/api/fhir/Patient/p1",
    "another host": "https://foreign.example/api/fhir/Patient/p1",
    "another host without a scheme": "//foreign.example/api/fhir/Patient/p1",
    "three slashes": "///foreign.example/api/fhir/Patient/p1",
    "a host that ends alike": "https://foreign-ehr.example/api/fhir/Patient/p1",
    "a host that begins alike": "https://ehr.example.foreign.example/api/fhir/Patient/p1",
    "a host with a dot behind": "https://ehr.example./api/fhir/Patient/p1",
    "a host with an ideographic dot": "https://ehr。example/api/fhir/Patient/p1",
    "a host in full-width letters": "https://ｅｈｒ.example/api/fhir/Patient/p1",
    "a user": "https://user@ehr.example/api/fhir/Patient/p1",
    "a user and a password": "https://user:secret@ehr.example/api/fhir/Patient/p1",
    "the host as a user": "https://ehr.example@foreign.example/api/fhir/Patient/p1",
    "an empty user": "https://@ehr.example/api/fhir/Patient/p1",
    "port 0": "https://ehr.example:0/api/fhir/Patient/p1",
    "no address": "http://[",
    "a port that is no number": "https://ehr.example:x/api/fhir",
    "a file": "file:///etc/passwd",
    "data": "data:application/json,{}",
    "a script": "javascript:alert(1)",
    "longer than is followed": "Patient/" + "a" * MAX_ADDRESS_LENGTH,
    "encoded so often that decoding it takes long": "%" + "25" * MAX_ADDRESS_LENGTH,
}


@pytest.mark.parametrize("case", BELOW)
def test_what_is_below_the_base_is_asked_for_there(case: str) -> None:
    reference, expected = BELOW[case]
    assert address_below(BASE, reference) == BASE + expected
    assert address_below(BASE + "/", reference) == BASE + expected


@pytest.mark.parametrize("case", ELSEWHERE)
def test_what_leads_elsewhere_is_not_asked_for(case: str) -> None:
    assert address_below(BASE, ELSEWHERE[case]) is None


@pytest.mark.parametrize("base", ["https://ehr.example", "https://ehr.example/"])
def test_a_base_without_a_path_has_the_whole_host(base: str) -> None:
    assert address_below(base, "https://ehr.example/Patient/p1") == "https://ehr.example/Patient/p1"
    assert address_below(base, "Patient/p1") == "https://ehr.example/Patient/p1"
    assert address_below(base, "/%2e%2e/x") is None


@given(
    st.text(st.sampled_from("./\\%25ef;@:?#[]．‥／％a2 \t\0") | st.characters(), max_size=30),
    st.sampled_from(["", f"{BASE}/", f"{BASE}", "https://", "//", "https://ehr.example", "/api/fhir/"]),
)
def test_whatever_is_named_what_is_asked_begins_with_the_base(reference: str, beginning: str) -> None:
    address = address_below(BASE, beginning + reference)
    if address is not None:
        parts = urlsplit(address)
        assert (parts.scheme, parts.netloc) == ("https", "ehr.example")
        assert parts.path == "/api/fhir" or parts.path.startswith("/api/fhir/")
        assert ".." not in parts.path.split("/")
