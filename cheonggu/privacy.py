"""Personal data (개인정보): encrypted in the ledger, looked up by keyed hash, kept out of logs.

One secret of at least 32 bytes gives every key by HKDF-SHA256. The personal fields of a statement become one
AES-256-GCM blob: ``0x01 ‖ nonce (12) ‖ ciphertext and tag``, with the statement key as associated data, so
that a blob moved to another statement does not open. Look-ups go by HMAC-SHA256 under keys of their own.
"""

from __future__ import annotations

import hmac
import json
import logging
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cheonggu.errors import SiteError, UsageError

MIN_SECRET_BYTES = 32
BLOB_VERSION = b"\x01"
NONCE_BYTES = 12


def load_secret(variable: str | None = None, file: Path | None = None) -> bytes:
    """The site's secret from a file, else from an environment variable; UsageError when missing or too short.

    A trailing line break of the file is no part of the secret.
    """
    if file is not None:
        try:
            secret = file.read_bytes().rstrip(b"\r\n")
        except OSError as error:
            raise UsageError(
                f"The key file {file.name} cannot be read: {error.strerror}.",
                f"키 파일 {file.name}을(를) 읽을 수 없습니다.",
                fix_en="Give the right path, or restore the file from its backup.",
                fix_ko="경로를 확인하거나 백업에서 복구하세요.",
            ) from error
    else:
        secret = os.environ.get(variable or "", "").encode()
    check_secret(secret)
    return secret


def check_secret(secret: bytes) -> None:
    """UsageError when the secret is shorter than 32 bytes."""
    if len(secret) < MIN_SECRET_BYTES:
        raise UsageError(
            f"The ledger's secret is missing or shorter than {MIN_SECRET_BYTES} bytes.",
            f"원장 암호 키가 없거나 {MIN_SECRET_BYTES}바이트보다 짧습니다.",
            fix_en="Name a key file or environment variable with at least 32 random bytes.",
            fix_ko="32바이트 이상의 임의 값을 담은 키 파일이나 환경 변수를 지정하세요.",
        )


class Vault:
    """Encrypts, decrypts and hashes with keys derived from one secret. Never prints or logs what it holds."""

    def __init__(self, secret: bytes) -> None:
        check_secret(secret)
        self._aead = AESGCM(_derive(secret, "personal fields"))
        self._lookup_key = _derive(secret, "look-up")
        self._identity_key = _derive(secret, "statement identity")
        self._visit_key = _derive(secret, "visit across schemes")
        self._chain_key = _derive(secret, "audit chain head")
        self._check_key = _derive(secret, "key check")

    @property
    def fingerprint(self) -> str:
        """A text that only this secret gives; the ledger keeps it to refuse another secret."""
        return hmac.digest(self._check_key, b"cheonggu", "sha256").hex()

    def seal(self, keys: Sequence[str], fields: Mapping[str, Sequence[str | None]]) -> list[bytes]:
        """One blob per statement key over ``fields`` (columns of equal length)."""
        names, encode, encrypt = list(fields), json.JSONEncoder(ensure_ascii=False).encode, self._aead.encrypt
        nonces = os.urandom(NONCE_BYTES * len(keys))
        blobs = []
        for place, (key, values) in enumerate(zip(keys, zip(*fields.values(), strict=True), strict=True)):
            nonce = nonces[place * NONCE_BYTES : (place + 1) * NONCE_BYTES]
            text = encode(dict(zip(names, values, strict=True))).encode()
            blobs.append(BLOB_VERSION + nonce + encrypt(nonce, text, key.encode()))
        return blobs

    def open(self, key: str, blob: bytes) -> dict[str, str | None]:
        """The fields of one statement; SiteError when the blob was changed, moved or has another secret."""
        nonce, text = blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
        try:
            fields: dict[str, str | None] = json.loads(self._aead.decrypt(nonce, text, key.encode()))
        except InvalidTag:
            raise SiteError(
                "The personal fields of a statement do not open with this key.",
                "명세서의 개인정보를 이 키로 열 수 없습니다.",
                fix_en="Run 'cheonggu ledger verify' and check the key file.",
                fix_ko="'cheonggu ledger verify'를 실행하고 키 파일을 확인하세요.",
            ) from None
        return fields

    def hash_resident_no(self, value: str | None) -> bytes | None:
        """Look-up hash of a resident number (주민등록번호), hyphen or not; None when there is none."""
        plain = (value or "").replace("-", "").strip()
        return hmac.digest(self._lookup_key, plain.encode(), "sha256") if plain else None

    def hash_identity(self, identity: str) -> bytes:
        """Keyed hash of a statement's identity, of which only one live submission may exist."""
        return hmac.digest(self._identity_key, identity.encode(), "sha256")

    def hash_visit(self, visit: str) -> bytes:
        """Keyed hash of one visit of one person, alike in every scheme of this ledger."""
        return hmac.digest(self._visit_key, visit.encode(), "sha256")

    def seal_chain(self, event_id: int, chain_hash: str) -> str:
        """Proves that the end of the audit chain was written by a holder of the secret."""
        return hmac.digest(self._chain_key, f"{event_id}:{chain_hash}".encode(), "sha256").hex()


def _derive(secret: bytes, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, None, f"cheonggu 1 {purpose}".encode()).derive(secret)


# Six digits, hyphen, seven digits; or any run of 13 digits and more, since record bytes hold it unmarked.
RESIDENT_NO = re.compile(r"(?<!\d)\d{6}-\d{7}(?!\d)|\d{13,}")
MASK = "******-*******"


def mask(text: str) -> str:
    """The text without anything shaped like a resident number."""
    return RESIDENT_NO.sub(MASK, text)


class PrivacyFilter(logging.Filter):
    """Masks resident numbers in message, arguments, exception and extra fields. Put it on every handler."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            record.msg = mask(record.getMessage())
        except Exception:  # a broken format string: logging itself would print the arguments in clear
            record.msg = f"{mask(str(record.msg))} (arguments left out)"
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            # Without exc_info no handler formats the exception anew from its unmasked arguments.
            record.exc_text, record.exc_info = mask(record.exc_text), None
        if record.stack_info:
            record.stack_info = mask(record.stack_info)
        for name, value in record.__dict__.items():
            if isinstance(value, str) and name not in ("msg", "exc_text", "stack_info"):
                setattr(record, name, mask(value))
        return True


def guard_logs(names: Iterable[str]) -> None:
    """Put the filter on every handler these loggers have now; doing it again changes nothing."""
    for name in names:
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(one, PrivacyFilter) for one in handler.filters):
                handler.addFilter(PrivacyFilter())
