"""Approval routes and duty of an accident notice, ways of filing, and the claimant's signature request."""

from __future__ import annotations

from datetime import date

import pytest

from cheonggu.errors import InputError, StateError, UsageError
from cheonggu.schemes.school_safety.accident_notice import approve, notice_duty, routes
from cheonggu.schemes.school_safety.assessment_rules import load_profile
from cheonggu.schemes.school_safety.channels import check_channel, refused_channels
from cheonggu.schemes.school_safety.signature_request import placeholders, render_signature_request
from cheonggu.schemes.school_safety.states import AccidentEvent as E
from cheonggu.schemes.school_safety.states import AccidentState as S

DAY = date(2026, 11, 22)
GWANGJU = load_profile()
FACTS = {"school_name": "한빛초등학교", "victim_name": "홍길동", "case_kind": "accident"}


def test_on_line_the_head_signs_and_the_notice_goes_out() -> None:
    assert approve(S.NOT_SENT, E.HEAD_SIGNED, "online", {"INTERNAL_APPROVAL"}, is_head=True) is S.SENT


def test_on_line_nobody_but_the_head_signs() -> None:
    with pytest.raises(StateError, match="only the head") as caught:
        approve(S.NOT_SENT, E.HEAD_SIGNED, "online", {"INTERNAL_APPROVAL"}, is_head=False)
    assert "학교장만" in caught.value.ko


def test_offline_the_paper_is_uploaded_and_then_the_button_pressed() -> None:
    papers = {"INTERNAL_APPROVAL"}
    assert approve(S.NOT_SENT, E.PAPER_UPLOADED, "offline", papers, is_head=False) is S.NOT_SENT
    with pytest.raises(StateError, match="SIGNED_NOTICE") as caught:
        approve(S.NOT_SENT, E.NOTIFIED, "offline", papers, is_head=False)
    assert "결재된 사고발생신고서" in caught.value.ko
    both = papers | {"SIGNED_NOTICE"}
    assert approve(S.NOT_SENT, E.NOTIFIED, "offline", both, is_head=False) is S.SENT


@pytest.mark.parametrize(
    ("event", "route"), [(E.NOTIFIED, "online"), (E.PAPER_UPLOADED, "online"), (E.HEAD_SIGNED, "offline")]
)
def test_a_step_of_the_other_route_is_refused(event: E, route: str) -> None:
    with pytest.raises(StateError, match="no step of the route"):
        approve(S.NOT_SENT, event, route, {"INTERNAL_APPROVAL", "SIGNED_NOTICE"}, is_head=True)


@pytest.mark.parametrize("state", sorted(set(S) - {S.NOT_SENT}))
@pytest.mark.parametrize("event", [E.HEAD_SIGNED, E.NOTIFIED, E.PAPER_UPLOADED])
def test_only_a_notice_not_yet_sent_is_approved(state: S, event: E) -> None:
    route = next(name for name, one in routes().items() if event in one.events)
    with pytest.raises(StateError, match="Nothing was changed"):
        approve(state, event, route, {"INTERNAL_APPROVAL", "SIGNED_NOTICE"}, is_head=True)


@pytest.mark.parametrize("route", ["online", "offline"])
def test_the_internally_approved_report_is_always_needed(route: str) -> None:
    with pytest.raises(StateError, match="INTERNAL_APPROVAL"):
        approve(S.NOT_SENT, routes()[route].events[-1], route, {"SIGNED_NOTICE"}, is_head=True)


def test_an_unknown_route_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="online, offline"):
        approve(S.NOT_SENT, E.NOTIFIED, "fax", set(), is_head=True)


@pytest.mark.parametrize(
    ("facts", "rule", "must_notify", "is_claimable"),
    [
        ({"accident_kind": "traffic"}, "NT-01", True, False),
        ({"accident_kind": "bodily"}, "NT-04", True, True),
        ({"accident_kind": "illness", "is_mere_illness": True}, "NT-02", False, False),
        ({"is_health_room_only": True, "is_claim_expected": False}, "NT-03", False, False),
        ({"is_health_room_only": True, "is_claim_expected": True}, "NT-04", True, True),
        ({"is_health_room_only": True}, "NT-04", True, True),
    ],
)
def test_duty_of_a_notice(facts, rule: str, must_notify: bool, is_claimable: bool) -> None:  # type: ignore[no-untyped-def]
    duty = notice_duty(facts, DAY)
    assert (duty.rule_id, duty.must_notify, duty.is_claimable) == (rule, must_notify, is_claimable)
    assert duty.reason_ko


def test_traffic_accidents_have_a_rule_of_their_own_since_the_letter() -> None:
    traffic = {"accident_kind": "traffic"}
    assert notice_duty(traffic, date(2023, 2, 27)).rule_id == "NT-04"
    assert notice_duty(traffic, date(2023, 2, 28)).rule_id == "NT-01"


@pytest.mark.parametrize("channel", ["online", "registered_mail", "visit"])
def test_ways_that_file_a_claim(channel: str) -> None:
    answer = check_channel(channel, GWANGJU, DAY)
    assert (answer.is_allowed, answer.reason_ko) == (True, "")


@pytest.mark.parametrize(
    ("channel", "word"), [("fax", "팩스"), ("email", "전자우편"), ("ordinary_mail", "등기우편")]
)
def test_ways_that_are_refused_with_the_reason(channel: str, word: str) -> None:
    answer = check_channel(channel, GWANGJU, DAY)
    assert not answer.is_allowed
    assert word in answer.reason_ko
    assert answer.reason_en


def test_ordinary_mail_is_a_setting_and_fax_is_not() -> None:
    profile = load_profile(switches={"ordinary_mail": "accepted"})
    assert check_channel("ordinary_mail", profile, DAY).is_allowed
    assert refused_channels(profile, DAY) == ["fax", "email"]


def test_an_unknown_channel_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="registered_mail"):
        check_channel("pigeon", GWANGJU, DAY)


def test_the_signature_request_has_every_placeholder_filled() -> None:
    message = render_signature_request(FACTS, GWANGJU, DAY, "elem")
    assert message.title == "공제급여 청구서 서명요청 안내"
    assert "{" not in message.text
    for part in (
        "한빛초등학교 홍길동 님의 학교안전사고 청구서",
        "062-380-4278",
        "광주광역시학교안전공제회",
        "청구인서명",
    ):
        assert part in message.text


@pytest.mark.parametrize(("level", "phone"), [("middle", "062-380-4277"), ("high", "062-380-4158")])
def test_the_phone_follows_the_school_level(level: str, phone: str) -> None:
    assert phone in render_signature_request(FACTS, GWANGJU, DAY, level).text


@pytest.mark.parametrize("name", ["school_name", "victim_name", "case_kind"])
@pytest.mark.parametrize("empty", [None, "", "  "])
def test_an_empty_placeholder_stops_the_message(name: str, empty: str | None) -> None:
    with pytest.raises(InputError, match=f"lacks {name}") as caught:
        render_signature_request(FACTS | {name: empty}, GWANGJU, DAY, "elem")
    assert "홍길동" not in str(caught.value)


def test_without_a_known_school_level_the_phone_is_missing() -> None:
    with pytest.raises(InputError, match="lacks association_phone"):
        render_signature_request(FACTS, GWANGJU, DAY)
    assert "1588" in render_signature_request(FACTS | {"association_phone": "1588-0000"}, GWANGJU, DAY).text


def test_braces_in_a_name_are_text() -> None:
    text = render_signature_request(FACTS | {"school_name": "{victim_name}학교"}, GWANGJU, DAY, "elem").text
    assert "{victim_name}학교" in text


def test_no_text_before_the_first_is_an_error() -> None:
    with pytest.raises(InputError, match="no signature request text"):
        render_signature_request(FACTS, GWANGJU, date(2022, 11, 6), "elem")


def test_placeholders_of_a_text() -> None:
    assert placeholders("{a} {b} {a} {{c}}") == ["a", "b"]
