"""School-accident mutual aid (학교안전공제): benefit claims of pupils to the association of their region."""

from __future__ import annotations

from cheonggu.holidays import public_holidays
from cheonggu.precheck import SHARED_RULES
from cheonggu.schemes.parts import AmountRules, AnswerRules, CheckRules, SourceViews, TargetRules
from cheonggu.schemes.scheme import ClaimFiles, RerunRules, Scheme
from cheonggu.schemes.school_safety.assemble import assemble
from cheonggu.schemes.school_safety.assessment_rules import explain
from cheonggu.schemes.school_safety.files import ATTACHMENT_FILE, take_files
from cheonggu.schemes.school_safety.followups import advise, claim_from, cut_addition, rerun_classes
from cheonggu.schemes.school_safety.judge import DECIDED, judge
from cheonggu.schemes.school_safety.notices import parse, receipt_clocks
from cheonggu.schemes.school_safety.package.write import ONCE, PACKAGE, write_package
from cheonggu.schemes.school_safety.precheck_inputs import precheck_tables
from cheonggu.schemes.school_safety.rehearsal import REHEARSAL
from cheonggu.schemes.school_safety.review_request import DISPUTES
from cheonggu.schemes.school_safety.signing import SIGNATURES
from cheonggu.schemes.school_safety.source import CONTRACT
from cheonggu.schemes.school_safety.targets import (
    GROUP_COLUMNS,
    MEMBER_COLUMNS,
    MEMBER_ORDER,
    TARGET_ROSTERS,
    find_targets,
    max_statements,
    unknown_after_days,
)
from cheonggu.schemes.school_safety.values import CODES, HOME, LAYOUTS, value_on
from cheonggu.schemes.school_safety.visits import find_visits

SCHEME = Scheme(
    name="school_safety",
    codes=CODES,
    value_on=value_on,
    views=SourceViews(
        contract=CONTRACT,
        shapes="benefit_claims",
        statement=("benefit_claim", "signature", "receipt", "item", "scar", "attachment"),
        provider="association",
        roster=("school", "pupil", "accident", "earlier_line"),
        context=("accident",),
        target_rosters=TARGET_ROSTERS,
        last_day="treated_to",
        linked_rosters={"pupil": "pupil_key", "accident": "accident_no", "earlier_line": "pupil_key"},
        file=(ATTACHMENT_FILE,),
        take_files=take_files,
    ),
    targets=TargetRules(
        find=find_targets,
        group_columns=GROUP_COLUMNS,
        max_statements=max_statements,
        member_columns=MEMBER_COLUMNS,
        member_order=MEMBER_ORDER,
        bundles_months=True,
        find_visits=find_visits,
    ),
    files=ClaimFiles(layouts=LAYOUTS, folder=PACKAGE, assemble=assemble, write=write_package, once=ONCE),
    checks=CheckRules(
        rule_folders=(HOME / "rules" / "precheck", SHARED_RULES),
        tables=precheck_tables,
        judge=judge,
        decision_kinds=(DECIDED,),
    ),
    amounts=AmountRules(explain=explain),
    answers=AnswerRules(
        parse_notice=parse,
        unknown_after_days=unknown_after_days,
        deadlines=HOME / "rules" / "deadlines.toml",
        public_holidays=public_holidays,
        receipt_clocks=receipt_clocks,
        disputes=DISPUTES,
    ),
    reruns=RerunRules(classes=rerun_classes, advise=advise, claim_from=claim_from, cut_addition=cut_addition),
    gateway="school_portal",
    simulator="school",
    rehearsal=REHEARSAL,
    signatures=SIGNATURES,
)
