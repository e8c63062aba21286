"""The way of secrets: from a secure parameter into the key vault, and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tree_sitter import Node

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.modules import module_path
from tests.infra.bicep.source import Declaration, Source, text_of, walk

SECRET = "Microsoft.KeyVault/vaults/secrets"
_LISTS = re.compile(r"(?:.*\.)?list[A-Z]\w*")
_SOUNDS_SECRET = re.compile(r"password|secret|token$|clientState|smtpUrl|webhook$", re.IGNORECASE)


def check_secrets(source: Source, sources: Mapping[str, Source]) -> Iterator[Finding]:
    """Secrets in outputs, variables, settings or modules that do not keep them; keys that are
    listed; parameters whose name sounds of a secret and that are not secure.
    """
    for param in source.of("param").values():
        if _SOUNDS_SECRET.search(param.name) and not param.secure and _is_string(param):
            yield source.find("not-secure", param.node, f"{param.name} is not @secure()")
        if param.secure and param.body is not None and text_of(param.body) != "''":
            yield source.find("secret-default", param.node, f"{param.name} has a default")
    secure = {name for name, param in source.of("param").items() if param.secure}
    for each in source.declarations:
        for node in _uses(each, secure):
            if not _may_be_there(source, sources, each, node):
                code = "secret-output" if each.kind == "output" else "secret-leak"
                yield source.find(code, node, f"{text_of(node)} is a secret, in {each.name}")
    for node in walk(source.root):
        if node.type == "call_expression" and _LISTS.fullmatch(text_of(node.named_children[0])):
            yield source.find("secret-listed", node, "keys are not listed: use the identity")


def _is_string(param: Declaration) -> bool:
    return text_of(param.node.named_children[1]) == "string"


def _uses(declaration: Declaration, names: set[str]) -> Iterator[Node]:
    for node in walk(declaration.node) if declaration.kind != "param" else ():
        if node.type == "identifier" and text_of(node) in names and not _is_key(node):
            yield node


def _is_key(node: Node) -> bool:
    parent = node.parent
    return (
        parent is not None
        and parent.type == "object_property"
        and parent.named_children[0] == node
        and len(parent.named_children) > 1
    )


def _may_be_there(
    source: Source, sources: Mapping[str, Source], holder: Declaration, node: Node
) -> bool:
    if _asks_only_whether_empty(node):
        return True
    key = _property(node)
    if holder.kind == "resource":
        return holder.reference.startswith(f"{SECRET}@") and key == "value"
    if holder.kind == "module":
        target = sources.get(module_path(source, holder))
        param = target.of("param").get(key) if target else None
        return param is not None and param.secure
    return False


def _asks_only_whether_empty(node: Node) -> bool:
    arguments = node.parent
    call = arguments.parent if arguments is not None else None
    return call is not None and call.type == "call_expression" and text_of(call)[:6] == "empty("


def _property(node: Node) -> str:
    """The key whose whole value the node is, else nothing."""
    parent = node.parent
    if parent is None or parent.type != "object_property":
        return ""
    return text_of(parent.named_children[0])
