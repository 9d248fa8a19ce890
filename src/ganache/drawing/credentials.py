"""Content credentials: who signed a picture and what it says of its origin, in a form that any C2PA reader checks.

Standard: C2PA 2.2, "Content Credentials: C2PA Technical Specification", by the library of its authors, `c2pa-python`.
Neither signing nor reading asks anybody on a network: no time stamps, no lists of revoked certificates, no manifests
that lie elsewhere. Credentials have random identifiers, so that two signed pictures are never the same bytes.
"""

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ganache.drawing.origins import SOURCE_TYPE, SYSTEM, Origin
from ganache.support.errors import UserError, reason
from ganache.support.version import __version__

MISSING = "{field}: credentials need c2pa-python (pip install 'ganache[provenance]')"
MOST_PEM = 2**17  # bytes of a certificate's or a key's file
SETTINGS: Mapping[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},  # of 12 kB pictures they made 290 kB
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}


@dataclass(frozen=True)
class Credentials:
    """Signs what is written with a certificate (PEM, its chain behind it) and its private key."""

    algorithm: str  # as C2PA calls it: es256, ed25519 …
    chain: bytes
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, chain: Path, key: Path | None) -> "Credentials":
        """Return what signs with files; without `key` the private key is in the file of the chain.

        A first signature is made at once, so that it is known before anything is drawn. Raises UserError for what
        cannot sign, and where the library is not installed.
        """
        _library("sign")
        certificate = _read(chain, "sign")
        secret = _private(certificate if key is None else _read(key, "key"))
        found = cls(_algorithm(secret), _only(certificate, b"CERTIFICATE"), secret)
        found.sign(_SMALLEST, "GIF", Origin("", 0, "", {}))
        return found

    def sign(self, content: bytes, kind: str, origin: Origin) -> bytes:
        """Return a picture (``PNG``, ``JPEG``, ``WEBP``, ``GIF``) with credentials; raises UserError for a bad key."""
        c2pa = _library("sign")
        signed = io.BytesIO()
        try:
            signer = c2pa.Signer.from_info(c2pa.C2paSignerInfo(self.algorithm, self.chain, self.key, None))
            builder = c2pa.Builder(_manifest(origin), c2pa.Context(c2pa.Settings.from_dict(SETTINGS)))
            builder.sign(signer, media_of(kind), io.BytesIO(content), signed)
        except c2pa.C2paError as error:
            raise UserError(f"sign: this certificate and key make no credentials: {_short(error)}") from None
        return signed.getvalue()


def credentials_of(content: bytes, kind: str) -> dict[str, Any] | None:
    """Return what the credentials of a picture say: ``state`` and whose they are; None where it has none.

    The state is ``valid``, ``trusted`` (the signer is on a list that the library knows) or ``invalid``: the picture is
    not what was signed, with the reasons. Raises UserError where the library is not installed.
    """
    c2pa = _library("verify")
    context = c2pa.Context(c2pa.Settings.from_dict(SETTINGS))
    try:
        with c2pa.Reader(media_of(kind), io.BytesIO(content), context=context) as reader:
            return _summary(json.loads(reader.json()), str(reader.get_validation_state()))
    except c2pa.C2paError as error:
        if type(error).__name__ == "_C2paManifestNotFound":
            return None
        return {"state": "invalid", "why": [_short(error)]}
    except (ValueError, RecursionError, TypeError, AttributeError):
        return {"state": "invalid", "why": ["it cannot be read"]}


def media_of(kind: str) -> str:
    """Return the media type of one of Pillow's formats."""
    return f"image/{kind.lower()}"


def _manifest(origin: Origin) -> dict[str, Any]:
    made = {
        "action": "c2pa.created",
        "digitalSourceType": f"{SOURCE_TYPE}{origin.source_type}",
        "softwareAgent": {"name": SYSTEM, "version": __version__},
    }
    return {
        "claim_generator_info": [{"name": SYSTEM, "version": __version__}],
        "title": "Generated picture",
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [made]}},
            {"label": "org.ganache.provenance", "data": origin.to_json()},
        ],
    }


def _summary(told: dict[str, Any], state: str) -> dict[str, Any]:
    active = (told.get("manifests") or {}).get(told.get("active_manifest")) or {}
    signature = active.get("signature_info") or {}
    claimed = [str(one.get("name", ""))[:100] for one in active.get("claim_generator_info") or []]
    failures = (told.get("validation_results") or {}).get("activeManifest", {}).get("failure") or []
    codes = [str(one.get("code", ""))[:100] for one in failures][:10]
    return {
        "state": state.lower(),
        "signed_by": str(signature.get("common_name") or signature.get("issuer") or "")[:200],
        "made_by": ", ".join(claimed[:5]),
        "why": [code for code in codes if state.lower() == "invalid" or code == "signingCredential.untrusted"],
    }


def _library(field: str) -> Any:
    try:
        import c2pa
    except (ImportError, OSError) as error:
        raise UserError(MISSING.format(field=field)) from error
    return c2pa


def _read(path: Path, field: str) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_PEM + 1)
    except OSError as error:
        raise UserError(f"{field}: {str(path)!r} cannot be read: {reason(error)}") from None
    if len(content) > MOST_PEM or b"-----BEGIN " not in content:
        raise UserError(f"{field}: {str(path)!r} holds no certificates or keys in PEM")
    return content


def _only(pem: bytes, kind: bytes) -> bytes:
    """Return the parts of a PEM of one kind, so that no key goes where certificates do."""
    begin, end = b"-----BEGIN " + kind + b"-----", b"-----END " + kind + b"-----"
    parts = [part.split(end)[0] for part in pem.split(begin)[1:]]
    if not parts:
        raise UserError(f"sign: the file holds no {kind.decode().lower()} in PEM")
    return b"".join(begin + part + end + b"\n" for part in parts)


def _private(pem: bytes) -> bytes:
    """Return the private key of a PEM, without the certificates around it."""
    found = re.search(rb"-----BEGIN ([A-Z ]*PRIVATE KEY)-----[^-]+-----END \1-----", pem)
    if found is None:
        raise UserError("key: there is no private key in PEM; --key KEY names its file")
    return found[0] + b"\n"


def _algorithm(secret: bytes) -> str:
    """Return C2PA's name of what a private key signs by; raises UserError for a key that it does not take."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(secret, None)
    except (ValueError, TypeError) as error:
        raise UserError(f"key: it is no private key without a password: {str(error).splitlines()[0][:200]}") from None
    curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in curves:
        return curves[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey):
        return "ps256"
    raise UserError("key: credentials are signed by ECDSA (P-256, P-384, P-521), Ed25519 or RSA, not by this key")


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


# One white pixel.
_SMALLEST = bytes.fromhex("47494638396101000100800000ffffff00000021f90400000000002c00000000010001000002024401003b")
