"""The function app: every function of the blueprints in ``handlers``.

No logic, no environment, no network at import: an error here would take all functions away.
"""

from __future__ import annotations

import azure.functions as func

from handlers import (
    alerts,
    audit_events,
    cycles,
    drift,
    escrow,
    held,
    hints,
    logs,
    maintenance,
    notifications,
    operations,
    subscriptions,
    switches,
    work,
)
from handlers.console import serving as console

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
for blueprint in (
    cycles.blueprint,
    notifications.blueprint,
    hints.blueprint,
    audit_events.blueprint,
    work.blueprint,
    operations.blueprint,
    logs.blueprint,
    held.blueprint,
    drift.blueprint,
    subscriptions.blueprint,
    escrow.blueprint,
    alerts.blueprint,
    switches.blueprint,
    maintenance.blueprint,
    console.blueprint,
):
    app.register_functions(blueprint)
