"""SMART for the sandbox: apps are launched, backend services get tokens, and both are held to their scopes."""

__all__ = ["access", "clients", "scopes", "token_endpoint"]
