"""The settings: environment to one frozen value, with every problem reported together.

This room holds what the settings are; ``setting_values`` holds how a text becomes a value.
"""

from __future__ import annotations

from provisioning.settings.loading import load_settings
from provisioning.settings.table import SETTINGS, Setting
from provisioning.settings.together import in_azure
from provisioning.settings.values import OnLeave, Settings

__all__ = ["SETTINGS", "OnLeave", "Setting", "Settings", "in_azure", "load_settings"]
