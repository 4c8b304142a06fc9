"""SMART Backend Services for the sandbox: clients register, get access tokens, and are held to their scopes."""

__all__ = ["access", "clients", "scopes", "token_endpoint"]
