"""Who is in scope, and why. Pure: assignments, memberships, filters in, a decision out."""

from __future__ import annotations

from provisioning.scope.group_graph import GroupGraph, ScopePolicy
from provisioning.scope.judging import filter_verdict, judge_group, judge_user
from provisioning.scope.verdict import Reason, Verdict

__all__ = [
    "GroupGraph",
    "Reason",
    "ScopePolicy",
    "Verdict",
    "filter_verdict",
    "judge_group",
    "judge_user",
]
