"""The forms of the deployments: they read in Korean, and refuse what must not reach Prefect's database."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.utilities.callables import parameter_schema
from prefect.utilities.schema_tools.validation import ValidationError, validate

DEPLOYED = yaml.safe_load((Path(__file__).parents[1] / "prefect.yaml").read_text(encoding="utf-8"))[
    "deployments"
]
WHO = {"person": "kim01", "reason": "확인"}
CLINIC = {"provider_code": "11100011"}
GOOD: dict[str, dict[str, Any]] = {
    "decide-hira": {"decision": "승인 approval", "subject": "2026060001", **CLINIC, **WHO},
    "edit-remark-hira": {"text": "6월분", **CLINIC, **WHO},
    "correct-back-reference-hira": {
        "statement_key": "S1",
        "receipt_no": "0001234",
        "statement_no": "00002",
        "reason_code": "16",
        **CLINIC,
        **WHO,
    },
    "waive-finding": {"rule_id": "DX-007", "expires_on": "2026-12-31", **CLINIC, **WHO},
    "confirm-rosters": {"month": "202606", "digest": "0123456789abcdef", **CLINIC, **WHO},
    "rerun-hira": {"claim_class": "보완 supplementary", **CLINIC, **WHO},
    "search-codes": {"term": "상병"},
}


def schema_of(name: str) -> dict[str, Any]:
    deployed = next(one for one in DEPLOYED if one["name"] == name)
    module, _, function = deployed["entrypoint"].rpartition(".")
    found: dict[str, Any] = parameter_schema(getattr(importlib.import_module(module), function)).model_dump()
    return found


def refuse_odd(parameters: dict[str, Any], schema: dict[str, Any]) -> None:
    """As the server does before it makes a run."""
    validate(parameters, schema, raise_on_error=True)


@pytest.mark.parametrize("name", [one["name"] for one in DEPLOYED])
def test_every_field_speaks_korean(name: str) -> None:
    schema = schema_of(name)
    fields = {**schema["properties"]}
    for form in schema["definitions"].values():
        fields |= {f"{form['title']}.{key}": one for key, one in form.get("properties", {}).items()}
        assert re.search("[가-힣]", form["description"]), form["title"]
    mute = [
        key
        for key, one in fields.items()
        if not re.search("[가-힣]", one["title"] + one.get("description", ""))
    ]
    assert mute == []


@pytest.mark.parametrize("name", GOOD)
def test_a_form_takes_what_is_right_and_no_resident_number(name: str) -> None:
    schema, form = schema_of(name), GOOD[name]
    refuse_odd({"scheme": "hira", "form": form}, schema)
    word = "reason" if "reason" in form else "term"
    with pytest.raises(ValidationError):
        refuse_odd({"scheme": "hira", "form": form | {word: "환자 800101-1234567 확인"}}, schema)
    with pytest.raises(ValidationError):
        refuse_odd({"scheme": "nonsense", "form": form}, schema)


def test_a_long_key_is_no_resident_number() -> None:
    form = GOOD["decide-hira"] | {
        "decision": "청구 포기 write_off",
        "subject": "~11100011-2026-0001234-00005-s1",
    }
    refuse_odd({"scheme": "hira", "form": form}, schema_of("decide-hira"))
    refuse_odd({"scheme": "hira", "form": form | {"subject": "20260000000000012"}}, schema_of("decide-hira"))
