"""Content credentials, checked by the C2PA library itself; a certificate is made for each run of the tests."""

import datetime
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from ganache.drawing import credentials, exports
from ganache.drawing.animations import animate
from ganache.drawing.credentials import Credentials, credentials_of
from ganache.drawing.origins import Marks, Origin
from ganache.drawing.sampling import sample_to
from ganache.support.errors import UserError

ORIGIN = Origin("dcgan", 640, "ab" * 32, {"seed": 3, "images": "7"})


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate with its chain, and its key."""
    pytest.importorskip("c2pa", reason="credentials need c2pa-python")
    return certified(tmp_path_factory.mktemp("signer"))


def certified(folder: Path) -> tuple[Path, Path]:
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    root_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    root = certificate("Root", root_key, root_key, "Root", is_root=True)
    own = certificate("A studio", key, root_key, "Root", is_root=False)
    chain, secret = folder / "chain.pem", folder / "key.pem"
    chain.write_bytes(own.public_bytes(Encoding.PEM) + root.public_bytes(Encoding.PEM))
    secret.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return chain, secret


def certificate(name: str, key: Any, signing: Any, issuer: str, is_root: bool) -> Any:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    def called(text: str) -> Any:
        common, owner = x509.oid.NameOID.COMMON_NAME, x509.oid.NameOID.ORGANIZATION_NAME
        return x509.Name([x509.NameAttribute(common, text), x509.NameAttribute(owner, "Tests")])

    begin = datetime.datetime(2025, 1, 1)
    made = x509.CertificateBuilder().subject_name(called(name)).issuer_name(called(issuer))
    made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
    made = made.not_valid_before(begin).not_valid_after(begin + datetime.timedelta(days=36_500))
    made = made.add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
    if not is_root:
        use = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
        mail = x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.EMAIL_PROTECTION])
        made = made.add_extension(use, critical=True).add_extension(mail, critical=False)
    who = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key())
    made = made.add_extension(who, critical=False).add_extension(by, critical=False)
    return made.sign(signing, hashes.SHA256())


def picture() -> Image.Image:
    return Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))


@pytest.mark.parametrize(("suffix", "kind"), [("png", "PNG"), ("jpg", "JPEG"), ("webp", "WEBP")])
def test_a_picture_carries_who_signed_it_and_a_changed_one_is_found_out(
    suffix: str, kind: str, signer: tuple[Path, Path], tmp_path: Path
) -> None:
    marks = Marks(signer=Credentials.read(*signer))
    path, plain = tmp_path / f"a.{suffix}", tmp_path / f"plain.{suffix}"
    exports.save_picture(picture(), path, marks.on(ORIGIN))
    exports.save_picture(picture(), plain, Marks().on(ORIGIN))
    assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(plain)))
    assert len(path.read_bytes()) < len(plain.read_bytes()) + 16_000, "thumbnails and the like are left out"
    found = credentials_of(path.read_bytes(), kind)
    assert found is not None
    assert (found["state"], found["signed_by"], found["made_by"]) == ("valid", "A studio", "Ganache")
    assert found["why"] == ["signingCredential.untrusted"]  # nobody's list has the certificate of a test
    assert credentials_of(plain.read_bytes(), kind) is None
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    changed = credentials_of(bytes(content), kind)
    assert changed is not None
    assert changed["state"] == "invalid"


def test_the_claim_is_of_a_generated_picture_with_its_seed(signer: tuple[Path, Path]) -> None:
    import json

    import c2pa

    file = io.BytesIO()
    picture().save(file, "PNG")
    signed = Credentials.read(*signer).sign(file.getvalue(), "PNG", ORIGIN)
    with c2pa.Reader("image/png", io.BytesIO(signed)) as reader:
        told = json.loads(reader.json())
    said = {one["label"]: one["data"] for one in told["manifests"][told["active_manifest"]]["assertions"]}
    (action,) = said["c2pa.actions.v2"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].endswith("/digitalsourcetype/trainedAlgorithmicMedia")
    assert said["org.ganache.provenance"]["seed"] == 3


def test_folders_and_animations_are_signed_too(digits_run: Path, signer: tuple[Path, Path], tmp_path: Path) -> None:
    marks = Marks(metadata=False, signer=Credentials.read(*signer))
    sample_to(digits_run, str(tmp_path / "new"), count=2, marks=marks)
    animate(iter([picture(), picture()]), tmp_path / "a.webp", 10.0, stamp=marks.on(ORIGIN))
    for path, kind in ((tmp_path / "new/000001.png", "PNG"), (tmp_path / "a.webp", "WEBP")):
        found = credentials_of(path.read_bytes(), kind)
        assert found is not None
        assert found["state"] == "valid"
    for name in ("a.npz", "a.csv"):
        with pytest.raises(UserError, match=r"^--sign: credentials go into pictures, not into arrays and tables$"):
            sample_to(digits_run, str(tmp_path / name), count=2, marks=marks)
    with pytest.raises(UserError, match=r"^--sign: [^\n]*not into \.mp4$"):
        animate(iter([picture()]), tmp_path / "a.mp4", 10.0, stamp=marks.on(ORIGIN))


def test_one_file_may_hold_both_and_what_cannot_sign_is_one_line(signer: tuple[Path, Path], tmp_path: Path) -> None:
    chain, key = signer
    both, other = tmp_path / "both.pem", tmp_path / "other.pem"
    both.write_bytes(key.read_bytes() + chain.read_bytes())
    assert Credentials.read(both, None).algorithm == "es256"
    (tmp_path / "b").mkdir()
    _, other_key = certified(tmp_path / "b")
    other.write_bytes(b"nothing")
    for certificates, secret, sentence in (
        (chain, None, r"key: there is no private key in PEM; --key KEY names its file"),
        (chain, other_key, r"sign: this certificate and key make no credentials"),
        (key, key, r"sign: the file holds no certificate in PEM"),
        (other, key, r"sign: '[^\n]*other\.pem' holds no certificates"),
        (tmp_path / "none.pem", key, r"sign: '[^\n]*none\.pem' cannot be read"),
        (chain, tmp_path / "none.pem", r"key: '[^\n]*none\.pem' cannot be read"),
    ):
        with pytest.raises(UserError, match=rf"^{sentence}[^\n]*$"):
            Credentials.read(certificates, secret)


def test_without_the_library_it_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "c2pa", None)
    with pytest.raises(
        UserError, match=r"^sign: credentials need c2pa-python \(pip install 'ganache\[provenance\]'\)$"
    ):
        Credentials.read(tmp_path / "a.pem", None)


def test_nothing_is_asked_of_a_network() -> None:
    assert credentials.SETTINGS["verify"] == {"remote_manifest_fetch": False, "ocsp_fetch": False}
