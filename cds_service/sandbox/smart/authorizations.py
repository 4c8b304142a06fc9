"""What a person let an app do, and the one-time tokens that stand for it until the app has its access token."""

from __future__ import annotations

from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock
from typing import Generic, TypeVar

from authlib.oauth2.rfc6749 import ClientMixin, TokenMixin

LAUNCH_SECONDS = 300
"""How long an EHR launch can be used."""

CONSENT_SECONDS = 600
"""How long a person may look at the question whether an app may do something."""

CODE_SECONDS = 60
"""How long an app may take to exchange its code."""

REFRESH_SECONDS = 86_400
"""How long a refresh token can be used."""

_TOKEN_BYTES = 32
_MAX_TOKENS = 1_000

Value = TypeVar("Value")


@dataclass(slots=True)
class Authorization(TokenMixin):
    """One consent: who may do what, about whom. Revoking it ends every token that came of it.

    The methods are those that Authlib asks of an authorization code and of a refresh token.
    """

    client: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    patient: str | None = None
    nonce: str | None = None
    revoked: bool = False
    code_challenge_method: str = "S256"

    def get_redirect_uri(self) -> str:
        """The redirect URI, which the exchange of the code must repeat."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """The granted scopes."""
        return " ".join(self.scopes)

    def check_client(self, client: ClientMixin) -> bool:
        """Whether it was given to this client."""
        return self.client == client.get_client_id()

    def get_nonce(self) -> str | None:
        """The nonce that the id token repeats."""
        return self.nonce

    def get_auth_time(self) -> None:
        """When the person logged in: never, nobody does here."""

    def get_acr(self) -> None:
        """How surely the person is known: not said."""

    def get_amr(self) -> None:
        """How the person was authenticated: not said."""


@dataclass(slots=True)
class _Entry(Generic[Value]):
    value: Value
    until: float
    used: bool = False


@dataclass(slots=True)
class OneTimeTokens(Generic[Value]):
    """Values by unguessable tokens, each of which can be taken once. Safe to use from several threads.

    ``seconds`` is the lifetime of a token; the oldest of too many are dropped.
    """

    seconds: float
    _entries: dict[str, _Entry[Value]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def put(self, value: Value, now: float) -> str:
        """A new token for the value."""
        token = token_urlsafe(_TOKEN_BYTES)
        self.put_as(token, value, now)
        return token

    def put_as(self, token: str, value: Value, now: float) -> None:
        """Hold the value under this token."""
        with self._lock:
            if len(self._entries) >= _MAX_TOKENS:
                self._entries.pop(next(iter(self._entries)))
            self._entries[token] = _Entry(value, now + self.seconds)

    def read(self, token: str, now: float) -> Value | None:
        """The value of a token that is neither used nor expired; it can still be taken."""
        with self._lock:
            entry = self._entries.get(token)
            return None if entry is None or entry.used or entry.until <= now else entry.value

    def take(self, token: str, now: float) -> Value | None:
        """The same, for the only time."""
        with self._lock:
            entry = self._entries.get(token)
            if entry is None or entry.used or entry.until <= now:
                return None
            entry.used = True
            return entry.value

    def known(self, token: str) -> Value | None:
        """The value of a token, whether or not it can still be taken."""
        with self._lock:
            entry = self._entries.get(token)
            return None if entry is None else entry.value

    def used(self, token: str) -> Value | None:
        """The value of a token that was taken before."""
        with self._lock:
            entry = self._entries.get(token)
            return entry.value if entry is not None and entry.used else None


def taken_once(tokens: OneTimeTokens[Authorization], token: str, client: str, now: float) -> Authorization | None:
    """The authorization of a code or refresh token that this client presents for the first time.

    Presented again, it may have been stolen: the authorization is revoked, and its tokens with it. A token of
    another client changes nothing.
    """
    again = tokens.used(token)
    if again is not None and again.client == client:
        again.revoked = True
    held = tokens.read(token, now)
    if held is None or held.client != client or held.revoked:
        return None
    return tokens.take(token, now)
