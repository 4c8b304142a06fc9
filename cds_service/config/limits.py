"""Operational limits: how large, how long and how many. What a site may change is a setting instead."""

from __future__ import annotations

from dataclasses import dataclass

MAX_TEXT_LENGTH = 2_000
"""Longest name, instruction or diagnosis that is read for its meaning, in characters. A longer text would take too long
to read. No setting: the longest RxNorm name has 345."""

FIRST_YEAR_BELIEVED, LAST_YEAR_BELIEVED = 1901, 2098
"""Systems write days of other years (0001, 1900, 2099, 2999, 9999) where they know none."""

MAX_MEMOISED_LENGTH = 2_000
"""Longest FHIR element (a medication's codes, a dosage, a quantity) whose reading is memoised, in bytes."""
MAX_MEMOISED = 4_096
"""Readings of one kind of element that a process memoises; the least recently used is dropped first."""

RESPONSE_CACHE_MAX_BYTES = 4_000_000
"""Size of the response cache of one process, in bytes of requests."""
RESPONSE_CACHE_MIN_BYTES = 10_000
"""A smaller request counts as this many bytes, since its cached evaluation takes at least as much memory."""

BY_NAME_SECONDS = 1.0
"""How long a call that ran out of time may still take to tell which sedatives and opioids are there by name: twice so
long, the second time of the drafts alone."""

MAX_EXTENSION_BYTES = 20_000
"""What a card carries in its extension, as JSON: of a longer assessment the rest is counted."""
MAX_SUGGESTIONS = 10
"""Most suggestions of one card; those of draft orders to remove beyond that are counted on the card."""
MAX_EVIDENCE = 24
MAX_EVIDENCE_LENGTH = 120
"""Most pieces of one instruction that are listed with their meaning, and the most characters of each."""

GC_THRESHOLDS = (50_000, 20, 100)
"""Thresholds of Python's garbage collector in the service, see :func:`gc.set_threshold`."""
MAX_LIVE_SECONDS = 600.0
"""Longest time that a command may be given for reading a patient from a FHIR server."""
REQUEST_HEAD_SECONDS = 10.0
"""Longest time that a caller may take to send the head of a request."""
REQUEST_BODY_SECONDS = 10.0
"""Longest time that a caller may then take to send the body."""
REQUEST_SECONDS_AT_END = 1.0
"""Longest time that a caller may still take for the head of a request to a process that is being stopped."""
RESPONSE_SECONDS = 10.0
"""Longest time that a caller may take to receive a response."""
MAX_CONNECTIONS = 500
"""Callers that one process lets send their requests, judges or answers at the same time; further ones wait to be
accepted."""
YIELD_SECONDS = 0.25
"""How long a call that has waited for another machine lets calls that begin pass."""
MAX_TURN_WAIT_SECONDS = 2.0
"""How long a call that has waited for another machine may then wait for the processor; beyond that it has no time
left."""
MAX_OTHER_WAITS = 32
"""Threads of one process that wait for what is not a FHIR server, such as the address of a tenant's keys."""
MAX_TOKEN_LENGTH = 16_000
"""Longest token of a caller that is read, in characters."""
MAX_TOKEN_SECONDS = 3_600
"""Longest lifetime of a token, from its issue to its expiry."""
TOKEN_LEEWAY_SECONDS = 60
"""Accepted difference between the clocks of a caller and of this service."""
MAX_REMEMBERED_TOKENS = 200_000
"""Token ids that one process remembers of each tenant."""
POLICY_CHECK_SECONDS = 0.4
"""How often the files of the policy and the tenants are checked for changes, at most."""
POLICY_SETTLED_SECONDS = 0.8
"""How long changed files must have stayed as they are to be used: files that are being written or moved are not."""
POLICY_FILE_MAX_BYTES = 2_000_000
"""Largest file of the policy, of tenants or of keys."""
METRICS_SAMPLE_SECONDS = 1.0
"""How often a process that waits for calls reads the metrics of its parts."""
ANSWER_LEEWAY_SECONDS = 60
"""Accepted difference between the clock of an EHR that answers a card and that of this service. An answer that is older
than its card by more answers another one."""
STORE_RETRY_SECONDS = 5.0
"""How long a store is not used after it failed."""
STORE_CHECK_SECONDS = 2.0
"""How often each process of the server asks the store how it is."""
MAX_UNSAVED_CALLS = 10_000
"""Calls that one process keeps while the store is down, to write them once it is back."""
MAX_RETENTION_DAYS = 36_500
MAX_CALLS_PER_MINUTE = 1_000_000
REPORT_SECONDS = 20.0
"""Longest read of the store for the page of how the findings do."""
HOST_PATTERN = r"\[[0-9a-f:.]+\]|[a-z0-9._-]+"
"""The host of a Host header: a name, an IPv4 address, or an IPv6 address in brackets, in lower case."""
MAX_ADDRESS_LENGTH = 8_000
"""Longest next link or reference that is followed, in characters."""
KEYS_MAX_BYTES = 200_000
"""Largest set of public keys that is fetched."""
KEYS_DEADLINE_SECONDS = 3.0
"""Longest time for fetching a set of public keys."""
KEYS_MAX_AGE_SECONDS = 600.0
"""How long fetched keys are used before they are fetched again."""
KEYS_REFETCH_SECONDS = 30.0
"""Shortest time between two fetches of keys from one address, even for a token with an unknown key."""


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """How large the body of a request may be.

    Attributes:
        bytes: size of the body.
        depth: levels of nested objects and lists.
        entries: resources in prefetch and drafts together; also the most members of any one list.
    """

    bytes: int
    depth: int
    entries: int


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """How much may be fetched from a FHIR server for one call.

    Attributes:
        deadline: seconds for all reads of the call together.
        connect: seconds for one connection.
        pages: pages of one search.
        bytes: size of one response.
        entries: resources in all.
        connections: reads of one call at the same time.
        calls: calls of one tenant that may wait for its FHIR server at the same time, in one process.
        failures: calls in a row that fail before the server is left alone.
        pause: seconds for which it is then left alone.
        references: resources that other resources refer to.
        page_size: resources asked for in one page.
    """

    deadline: float = 1.5
    connect: float = 0.5
    pages: int = 20
    bytes: int = 10_000_000
    entries: int = 10_000
    connections: int = 6
    calls: int = 40
    failures: int = 5
    pause: float = 5.0
    references: int = 50
    page_size: int = 200
