"""Which test files are tried for which modules. Of these, coverage chooses test by test."""

from __future__ import annotations

_FILES: dict[str, tuple[str, ...]] = {
    "alerts": ("alerts/test_conditions", "alerts/test_deciding", "alerts/test_message"),
    "case": ("decisions/test_plan", "mapping", "scoping"),
    "deprovisioning": ("decisions/test_deprovisioning", "decisions/test_plan"),
    "differences": ("decisions/test_plan", "decisions/test_differences", "mapping/test_mapping"),
    "dotnet_regex": ("dotnet_regex",),
    "drift": ("decisions/test_drift",),
    "errors": ("decisions/test_errors", "graph/test_wire", "scim/test_failure", "graph/test_rows"),
    "evidence": ("decisions/test_evidence",),
    "explaining": ("decisions/test_explaining", "scenarios/test_explain"),
    "expressions": ("expressions",),
    "graph": ("graph/test_rows", "graph/test_urls", "graph/test_wire", "graph/test_subscriptions"),
    "guard": ("decisions/test_guard",),
    "held": ("decisions/test_held",),
    "mapping": ("mapping/test_mapping", "mapping/test_flows", "mapping/test_entra_scim"),
    "model": ("decisions/test_model", "decisions/test_plan"),
    "notifications": ("notifications/test_audit_events", "notifications/test_batch"),
    "plan": ("decisions/test_plan", "decisions/test_plan_group"),
    "polling": ("decisions/test_polling",),
    "redaction": ("decisions/test_redaction", "mapping/test_mapping", "decisions/test_plan"),
    "schema": ("schema", "mapping/test_schema"),
    "scim": ("scim/test_answers", "scim/test_failure", "scim/test_paths", "scim/test_wire"),
    "scope": ("scoping/test_scope", "decisions/test_plan"),
    "scoping": ("scoping",),
    "source_attributes": ("mapping/test_source_attributes", "mapping/test_schema"),
    "subscriptions": ("decisions/test_subscription_plan",),
    "token_expiry": ("decisions/test_token_expiry",),
}
