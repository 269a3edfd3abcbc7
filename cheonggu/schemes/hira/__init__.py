"""HIRA (건강보험심사평가원): health-insurance and medical-aid claims."""

from __future__ import annotations

from cheonggu.holidays import public_holidays
from cheonggu.precheck import SHARED_RULES
from cheonggu.schemes.hira.additions import cut_addition, cut_rest
from cheonggu.schemes.hira.assemble import assemble
from cheonggu.schemes.hira.claim_classes import advise, claim_from, rerun_classes
from cheonggu.schemes.hira.claim_files import SAM, write_claim
from cheonggu.schemes.hira.data import CODES, HOME, LAYOUTS, value_on
from cheonggu.schemes.hira.notices import parse
from cheonggu.schemes.hira.precheck_inputs import precheck_tables
from cheonggu.schemes.hira.precheck_record import OPTIONAL_VIEWS
from cheonggu.schemes.hira.record_notices import parse_records
from cheonggu.schemes.hira.rehearsal import REHEARSAL
from cheonggu.schemes.hira.remedies import describe_finding, dispute_days, find_remedies
from cheonggu.schemes.hira.roster_sheet import ROSTERS
from cheonggu.schemes.hira.rule_texts import explain_rule
from cheonggu.schemes.hira.settings import check_settings
from cheonggu.schemes.hira.settlement import settle_amounts
from cheonggu.schemes.hira.targets import (
    GROUP_COLUMNS,
    MEMBER_COLUMNS,
    ROSTER_VIEWS,
    find_targets,
    max_statements,
    unknown_after_days,
)
from cheonggu.schemes.hira.visits import find_visits
from cheonggu.schemes.parts import (
    AmountRules,
    AnswerRules,
    CheckRules,
    DisputeRules,
    SourceViews,
    TargetRules,
)
from cheonggu.schemes.scheme import ClaimFiles, RerunRules, Scheme
from cheonggu.sources.contract import CONTRACT

SCHEME = Scheme(
    name="hira",
    codes=CODES,
    value_on=value_on,
    views=SourceViews(
        contract=CONTRACT,
        shapes="statements",
        statement=("statement", "diagnosis", "line", "prescription", "detail"),
        provider="provider",
        roster=ROSTER_VIEWS,
        context=("doctor",),
        target_rosters=("closed_day",),
        last_day="care_to",
        department_column="department",
        optional=OPTIONAL_VIEWS,
    ),
    targets=TargetRules(
        find=find_targets,
        group_columns=GROUP_COLUMNS,
        max_statements=max_statements,
        member_columns=MEMBER_COLUMNS,
        member_order="s.care_from",
        find_visits=find_visits,
    ),
    files=ClaimFiles(layouts=LAYOUTS, folder=SAM, assemble=assemble, write=write_claim),
    checks=CheckRules(rule_folders=(HOME / "rules" / "precheck", SHARED_RULES), tables=precheck_tables),
    amounts=AmountRules(
        explain=explain_rule, settle=settle_amounts, settings_key="amounts", check_settings=check_settings
    ),
    answers=AnswerRules(
        parse_notice=parse,
        unknown_after_days=unknown_after_days,
        deadlines=HOME / "rules" / "deadlines.toml",
        public_holidays=public_holidays,
        parse_records=parse_records,
        disputes=DisputeRules(
            remedies=find_remedies,
            days=dispute_days,
            describe=describe_finding,
            template=HOME / "documents" / "dispute.html.jinja",
            titles={"re-review": "재심사조정청구서", "objection": "이의신청서"},
        ),
    ),
    reruns=RerunRules(
        classes=rerun_classes,
        advise=advise,
        claim_from=claim_from,
        cut_addition=cut_addition,
        cut_rest=cut_rest,
    ),
    gateway="hira_client",
    simulator="hira",
    rehearsal=REHEARSAL,
    rosters=ROSTERS,
)
