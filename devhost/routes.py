"""Route templates of HTTP triggers, matched as the Functions host matches them.

The host uses ASP.NET Core's attribute routes: literals ignore case, ``{name}`` takes one
segment, ``{name?}`` may be absent, ``{*name}`` takes the rest, ``{name:int}`` constrains
(Microsoft Learn: "Azure Functions HTTP trigger", "Routing in ASP.NET Core"). Segments that mix
text and parameters, default values and other constraints than those below are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

_HEX = "[0-9a-f]"
CONSTRAINTS: Mapping[str, str] = {
    "guid": f"(?:{_HEX}{{8}}(?:-{_HEX}{{4}}){{3}}-{_HEX}{{12}}|{_HEX}{{32}})",
    "int": "-?[0-9]{1,10}",
    "long": "-?[0-9]{1,19}",
    "bool": "(?:true|false)",
    "alpha": "[a-z]+",
}

_PARAMETER = re.compile(r"\{(?P<all>\*{0,2})(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<opt>\?)?\}")


@dataclass(frozen=True, slots=True)
class Route:
    """A parsed template.

    ``precedence`` orders the routes of an app: the first that matches wins, so that a literal
    goes before a constrained parameter, that before a free one, and a catch-all comes last.
    """

    template: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    precedence: tuple[int, ...]

    def match(self, path: str) -> dict[str, str] | None:
        """The route values for a path without prefix, or ``None`` when it does not match.

        An absent optional parameter has no entry, as in the host's message.
        """
        match = self.pattern.fullmatch(_decoded(path))
        if match is None:
            return None
        values = zip(self.names, match.groups(), strict=True)
        return {name: value for name, value in values if value}


def parse_route(template: str) -> Route:
    """The route of a template. Raises ``ValueError`` for what is not supported."""
    pattern, names, precedence = "", [], []
    for segment in template.strip("/").split("/"):
        parameter = _PARAMETER.fullmatch(segment)
        if parameter is None:
            if "{" in segment or "}" in segment:
                raise ValueError(f"the route {template!r} has the unsupported part {segment!r}")
            pattern += "/" + re.escape(segment)
            precedence.append(1)
            continue
        names.append(parameter["name"])
        pattern += _parameter_pattern(template, parameter)
        free = parameter["constraint"] is None
        precedence.append((4 if parameter["all"] else 2) + free)
    return Route(
        template, re.compile(pattern, re.IGNORECASE | re.ASCII), tuple(names), tuple(precedence)
    )


def _parameter_pattern(template: str, parameter: re.Match[str]) -> str:
    constraint = parameter["constraint"]
    if constraint is not None and constraint not in CONSTRAINTS:
        raise ValueError(f"the route {template!r} has the unsupported constraint {constraint!r}")
    if parameter["all"]:
        return f"(?:/({CONSTRAINTS[constraint] if constraint else '.*'}))?"
    value = f"/({CONSTRAINTS[constraint] if constraint else '[^/]+'})"
    return f"(?:{value})?" if parameter["opt"] else value


def _decoded(path: str) -> str:
    # An encoded slash stays encoded, as in ASP.NET Core: it must not make a new segment.
    kept = re.sub("%2f", "%252F", path, flags=re.IGNORECASE)
    return "/" + unquote(kept).strip("/")
