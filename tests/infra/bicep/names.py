"""Names: declared once, used, and known."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from tests.infra.bicep.finding import Finding
from tests.infra.bicep.source import Source, text_of, walk

# Microsoft Learn: Bicep functions. Those that the templates have a use for.
FUNCTIONS = frozenset(
    {
        "cidrSubnet",
        "concat",
        "empty",
        "environment",
        "format",
        "guid",
        "loadJsonContent",
        "loadTextContent",
        "mapValues",
        "replace",
        "resourceGroup",
        "split",
        "string",
        "subscriptionResourceId",
        "tenant",
        "toLower",
        "union",
        "uniqueString",
    }
)

# Microsoft Learn: Parameters in Bicep, decorators.
DECORATORS = frozenset(
    {"allowed", "description", "maxLength", "maxValue", "metadata", "minLength", "minValue"}
    | {"secure"}
)

TYPES = frozenset({"array", "bool", "int", "object", "string"})


def check_names(source: Source) -> Iterator[Finding]:
    """Duplicate, undeclared and unused names; unknown functions, decorators and types."""
    declared: set[str] = set()
    for each in source.declarations:
        name = f"output {each.name}" if each.kind == "output" else each.name
        if name in declared:
            yield source.find("duplicate", each.node, f"{each.name} is declared twice")
        declared.add(name)
        for decorator in sorted(each.decorators - DECORATORS):
            yield source.find("unknown-decorator", each.node, f"@{decorator} is not known")
    used: set[str] = set()
    for node in _references(source.root, frozenset()):
        used.add(text_of(node))
        if text_of(node) not in declared:
            yield source.find("undeclared", node, f"{text_of(node)} is not declared")
    for each in source.declarations:
        if each.kind in ("param", "var") and each.name not in used:
            yield source.find("unused", each.node, f"{each.kind} {each.name} is not used")
        if each.kind == "resource" and each.existing and each.name not in used:
            yield source.find("unused", each.node, f"existing {each.name} is not used")
    yield from _check_words(source)


def _check_words(source: Source) -> Iterator[Finding]:
    for node in walk(source.root):
        if node.type == "call_expression" and node.parent is not None:
            callee = node.named_children[0]
            plain = callee.type == "identifier" and node.parent.type != "decorator"
            if plain and text_of(callee) not in FUNCTIONS:
                yield source.find("unknown-function", node, f"{text_of(callee)}() is not known")
        if node.type == "type" and text_of(node) not in TYPES:
            yield source.find("unknown-type", node, f"type {text_of(node)} is not known")
        if node.type == "object":
            entries = [each for each in node.named_children if each.type == "object_property"]
            keys = [text_of(each.named_children[0]) for each in entries]
            for key in sorted({key for key in keys if keys.count(key) > 1}):
                yield source.find("duplicate-key", node, f"{key} is there twice")


def _references(node: Node, local: frozenset[str]) -> Iterator[Node]:
    """The identifiers in expressions that are not names of a loop or lambda around them."""
    if node.type == "identifier":
        if text_of(node) not in local:
            yield node
        return
    if node.type in ("type", "decorators"):
        return
    children = list(node.named_children)
    if node.type.endswith("_declaration") or node.type in ("call_expression", "object_property"):
        # The first child is the declared name, the function, the key. A key may be computed.
        first, *children = children
        if first.type not in ("identifier", "property_identifier"):
            children = [first, *children]
    elif node.type in ("for_statement", "lambda_expression"):
        first, *children = children
        names = {text_of(each) for each in walk(first) if not each.named_children}
        local = local | names
    for child in children:
        yield from _references(child, local)
