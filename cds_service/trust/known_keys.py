"""Keys whose private halves are published: whoever reads the repository can sign with them.

By RFC 7638 thumbprint (SHA-256), worked out on 2026-11-23 from the keys in the repositories cds-hooks/sandbox and
inferno-framework/davinci-crd-test-kit.
"""

from __future__ import annotations

from collections.abc import Mapping

PUBLISHED: Mapping[str, str] = {
    "s9fOe-KDYD1myZ8YCzleUqJQgrYZL49kVijBxhnZvZc": "the public CDS Hooks sandbox",
    "WUEVfFenRfMtdDhwPUzCCfmqEN45h61hdHclwVoqfes": "the public CDS Hooks sandbox, an earlier key",
    "RBFgQFFUIf4hfG8iUUZrf3vFZ_V2r3YRGPx9nKJXk5M": "Inferno's test kits (elliptic curve)",
    "Q7fgcIzqt0bVAKsWaw_FyUFSDDpOTfsGdGtjJmAnzFY": "Inferno's test kits (RSA)",
}
