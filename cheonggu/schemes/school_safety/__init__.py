"""School-accident mutual aid (학교안전공제): benefit claims of pupils to the association of their region."""

from __future__ import annotations

from cheonggu.schemes.scheme import Scheme
from cheonggu.schemes.school_safety.assemble import assemble
from cheonggu.schemes.school_safety.assessment_rules import explain
from cheonggu.schemes.school_safety.files import ATTACHMENT_FILE, take_files
from cheonggu.schemes.school_safety.followups import (
    advise,
    claim_from,
    cut_addition,
    public_holidays,
    rerun_classes,
)
from cheonggu.schemes.school_safety.judge import DECIDED, judge
from cheonggu.schemes.school_safety.notices import parse
from cheonggu.schemes.school_safety.package.write import ONCE, PACKAGE, write_package
from cheonggu.schemes.school_safety.precheck_inputs import precheck_tables
from cheonggu.schemes.school_safety.rehearsal import REHEARSAL
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
    contract=CONTRACT,
    shapes="benefit_claims",
    layouts=LAYOUTS,
    codes=CODES,
    rule_folders=(HOME / "rules" / "precheck",),
    statement_views=("benefit_claim", "signature", "receipt", "item", "scar", "attachment"),
    provider_view="association",
    roster_views=("school", "pupil", "accident", "earlier_line"),
    linked_rosters={"pupil": "pupil_key", "accident": "accident_no", "earlier_line": "pupil_key"},
    context_views=("accident",),
    target_rosters=TARGET_ROSTERS,
    group_columns=GROUP_COLUMNS,
    bundles_months=True,
    member_columns=MEMBER_COLUMNS,
    member_order=MEMBER_ORDER,
    last_day="treated_to",
    decision_kinds=(DECIDED,),
    file_views=(ATTACHMENT_FILE,),
    take_files=take_files,
    judge=judge,
    find_visits=find_visits,
    signatures=SIGNATURES,
    gateway="school_portal",
    files_folder=PACKAGE,
    once_files=ONCE,
    simulator="school",
    find_targets=find_targets,
    assemble=assemble,
    write_claim=write_package,
    precheck_tables=precheck_tables,
    parse_notice=parse,
    max_statements=max_statements,
    unknown_after_days=unknown_after_days,
    explain_amount=explain,
    value_on=value_on,
    deadlines=HOME / "rules" / "deadlines.toml",
    public_holidays=public_holidays,
    department_column="",
    rerun_classes=rerun_classes,
    advise=advise,
    claim_from=claim_from,
    cut_addition=cut_addition,
    rehearsal=REHEARSAL,
)
