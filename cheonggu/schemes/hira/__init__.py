"""HIRA (건강보험심사평가원): health-insurance and medical-aid claims."""

from __future__ import annotations

from cheonggu.schemes.hira.additions import cut_addition
from cheonggu.schemes.hira.assemble import assemble
from cheonggu.schemes.hira.claim_classes import advise, claim_from, rerun_classes
from cheonggu.schemes.hira.claim_files import SAM, write_claim
from cheonggu.schemes.hira.data import CODES, HOME, LAYOUTS, value_on
from cheonggu.schemes.hira.holidays import public_holidays
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
from cheonggu.schemes.scheme import DisputeRules, Scheme
from cheonggu.sources.contract import CONTRACT

SCHEME = Scheme(
    name="hira",
    contract=CONTRACT,
    shapes="statements",
    layouts=LAYOUTS,
    codes=CODES,
    rule_folders=(HOME / "rules" / "precheck",),
    statement_views=("statement", "diagnosis", "line", "prescription", "detail"),
    roster_views=ROSTER_VIEWS,
    context_views=("doctor",),
    group_columns=GROUP_COLUMNS,
    gateway="hira_client",
    files_folder=SAM,
    simulator="hira",
    find_targets=find_targets,
    assemble=assemble,
    write_claim=write_claim,
    precheck_tables=precheck_tables,
    parse_notice=parse,
    max_statements=max_statements,
    unknown_after_days=unknown_after_days,
    explain_amount=explain_rule,
    value_on=value_on,
    deadlines=HOME / "rules" / "deadlines.toml",
    public_holidays=public_holidays,
    department_column="department",
    rerun_classes=rerun_classes,
    advise=advise,
    claim_from=claim_from,
    cut_addition=cut_addition,
    disputes=DisputeRules(
        remedies=find_remedies,
        days=dispute_days,
        describe=describe_finding,
        template=HOME / "documents" / "dispute.html.jinja",
    ),
    rehearsal=REHEARSAL,
    provider_view="provider",
    target_rosters=("closed_day",),
    member_columns=MEMBER_COLUMNS,
    member_order="s.care_from",
    last_day="care_to",
    find_visits=find_visits,
    settle_amounts=settle_amounts,
    settings_key="amounts",
    rosters=ROSTERS,
    check_settings=check_settings,
    parse_records=parse_records,
    optional_views=OPTIONAL_VIEWS,
)
