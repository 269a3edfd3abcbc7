"""Personal data stays where it belongs: sealed in the ledger, masked in every log."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from cheonggu.errors import SiteError, UsageError
from cheonggu.privacy import MASK, PrivacyFilter, Vault, guard_logs, load_secret, mask

SECRET = b"a made-up secret of 32 bytes and more"
RRN = "8001011234567"


@pytest.fixture
def vault() -> Vault:
    return Vault(SECRET)


def test_what_was_sealed_opens_again(vault: Vault) -> None:
    fields = {"patient_name": ["뷁뚠", None], "patient_rrn": [RRN, ""]}
    first, second = vault.seal(["S1", "S2"], fields)
    assert vault.open("S1", first) == {"patient_name": "뷁뚠", "patient_rrn": RRN}
    assert vault.open("S2", second) == {"patient_name": None, "patient_rrn": ""}


def test_the_same_fields_never_give_the_same_blob(vault: Vault) -> None:
    blobs = vault.seal(["S1"] * 50, {"patient_rrn": [RRN] * 50})
    assert len(set(blobs)) == 50
    assert all(RRN.encode() not in blob for blob in blobs)


def test_a_blob_opens_only_unchanged_for_its_statement_and_with_its_secret(vault: Vault) -> None:
    (blob,) = vault.seal(["S1"], {"patient_rrn": [RRN]})
    changed = blob[:-1] + bytes([blob[-1] ^ 1])
    for opener, key, data in (
        (vault, "S2", blob),
        (vault, "S1", changed),
        (Vault(SECRET + b"!"), "S1", blob),
    ):
        with pytest.raises(SiteError, match="do not open"):
            opener.open(key, data)


def test_resident_numbers_are_looked_up_with_or_without_hyphen(vault: Vault) -> None:
    assert vault.hash_resident_no("800101-1234567") == vault.hash_resident_no(RRN)
    assert vault.hash_resident_no("8001011234568") != vault.hash_resident_no(RRN)
    assert vault.hash_resident_no(None) is None
    assert vault.hash_resident_no(" ") is None


def test_hashes_depend_on_secret_and_purpose(vault: Vault) -> None:
    assert vault.hash_identity(RRN) != vault.hash_resident_no(RRN)
    assert Vault(SECRET + b"!").hash_identity(RRN) != vault.hash_identity(RRN)
    assert Vault(SECRET + b"!").fingerprint != vault.fingerprint


def test_a_secret_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "ledger.key"
    file.write_bytes(SECRET + b"\n")
    monkeypatch.setenv("LEDGER_SECRET", SECRET.decode())
    assert load_secret("LEDGER_SECRET", None) == load_secret(None, file) == SECRET


def test_a_missing_or_short_secret_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LEDGER_SECRET", raising=False)
    (tmp_path / "short.key").write_bytes(b"x" * 31)
    for variable, file in (("LEDGER_SECRET", None), (None, None), (None, tmp_path / "short.key")):
        with pytest.raises(UsageError, match="shorter than 32"):
            load_secret(variable, file)
    with pytest.raises(UsageError, match=r"none\.key cannot be read"):
        load_secret(None, tmp_path / "none.key")


@pytest.mark.parametrize("text", [RRN, "800101-1234567", f"record 00{RRN}99", f"('{RRN}',)"])
def test_what_looks_like_a_resident_number_is_masked(text: str) -> None:
    assert RRN[6:] not in mask(text)
    assert MASK in mask(text)


@pytest.mark.parametrize(
    "text", ["2026050001", "2026-07-06", "11100011-2026050001", "claim 00001 of 10,080 won"]
)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert mask(text) == text


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s %(note)s", defaults={"note": ""}))
    handler.addFilter(PrivacyFilter())
    logger = logging.Logger("privacy test")
    logger.addHandler(handler)
    return logger, stream


def test_messages_arguments_and_extra_fields_are_masked(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.warning("patient %s of %s", RRN, {"rrn": RRN}, extra={"note": f"note {RRN}"})
    logger.warning(f"patient {RRN}")
    logger.warning("broken %d", RRN)
    assert RRN not in stream.getvalue()
    assert stream.getvalue().count(MASK) == 4


def test_exceptions_are_masked_with_their_causes(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    try:
        try:
            raise ValueError(f"bad value {RRN}")
        except ValueError as error:
            raise RuntimeError(f"row of {RRN[:6]}-{RRN[6:]}") from error
    except RuntimeError:
        logger.exception("failed", stack_info=True)
    assert "RuntimeError" in stream.getvalue()
    assert "ValueError" in stream.getvalue()
    assert RRN[6:] not in stream.getvalue()


def test_a_later_handler_finds_nothing_to_format_anew() -> None:
    try:
        raise ValueError(RRN)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), (ValueError, error, None))
    assert PrivacyFilter().filter(record)
    assert record.exc_info is None
    assert RRN not in str(vars(record))


def test_guarding_logs_masks_what_any_module_writes() -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("cheonggu")
    logger.addHandler(handler)
    try:
        guard_logs(["cheonggu"])
        guard_logs(["cheonggu"])
        assert len(handler.filters) == 1
        logging.getLogger("cheonggu.submission").warning("patient %s", "900101-1234567")
    finally:
        logger.removeHandler(handler)
    assert "patient" in stream.getvalue()
    assert "1234567" not in stream.getvalue()
