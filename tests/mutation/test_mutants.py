"""The mutants that are made, and what becomes of them in the program and its tests."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.mutation.child import Verdict, run_forked
from tests.mutation.chosen import test_files as files_of
from tests.mutation.explained import Explanation, explanations, unmatched
from tests.mutation.mutants import Mutant, Source
from tests.mutation.pure import ROOT, chosen_modules, pure_modules
from tests.mutation.report import ModuleScore, score
from tests.mutation.swap import LiveFunctions

Make = Callable[[str], Source]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def of(text: str) -> Source:
        path = tmp_path / "module.py"
        path.write_text(text, "utf-8")
        return Source("module", path)

    return of


def becomes(source: Source) -> list[str]:
    return [mutant.becomes.strip() for mutant in source.mutants()]


def test_nothing_of_types_and_sentences_is_mutated(make: Make) -> None:
    source = make(
        '"""What it is for."""\n'
        "from __future__ import annotations\n"
        'Id = NewType("Id", str)\n'
        "Value = str | int | None\n"
        "class Row(Struct, frozen=True):\n"
        "    name: str | None\n"
        '    """What it is called."""\n'
        "    @cached(maxsize=3)\n"
        "    def none(self, value: int | None) -> None:\n"
        "        assert value is not None\n"
    )
    assert source.mutants() == []


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("x = a < b", ["x = a <= b", "x = a >= b"]),
        ("x = a and b", ["x = a or b", "x = b", "x = a"]),
        ("x = not a", ["x = a"]),
        ("x = a + 1", ["x = a - 1", "x = a + 2"]),
        ("x = f(a, b)", ["x = f(b, a)"]),
        ("x = f(a, k=b)", ["x = f(a)"]),
        ("x = 'name'", ["x = 'nameX'"]),
        ("x = 'Set SOME_NAME to it.'", ["x = 'Set SOMEX_NAME to it.'"]),
        ("x = f'A sentence of {a.strip()}.'", ["x = f'A sentence of {a}.'"]),
        ("x = True", ["x = False"]),
        ("x = a if b else c", ["x = a", "x = c"]),
        ("x = min(a, b)", ["x = max(a, b)"]),
        ("x = a[b:]", ["x = a[:]"]),
        ("f(a)", ["pass"]),
        ("raise E(a)", ["pass"]),
        ("x.y = a", ["pass"]),
        ("if a == b: x = c", ["if False: x = c", "if True: x = c"]),
        ("while a: x = c", ["while False: x = c"]),
        ("x = [y for y in a if y]", ["x = [y for y in a if False]", "x = [y for y in a if True]"]),
    ],
)
def test_each_line_has_its_mutants(make: Make, line: str, wrong: list[str]) -> None:
    assert becomes(make(f"{line}\n")) == wrong


def test_what_is_returned_is_emptied_by_its_type(make: Make) -> None:
    wrong = becomes(
        make(
            "def f() -> tuple[int, ...]:\n    return g()\n"
            "def h() -> bool:\n    return g()\n"
            "def i() -> Row:\n    return g()\n"
        )
    )
    assert wrong == ["return ()", "return False", "return True", "return None"]


def test_a_case_is_left_out_but_for_the_one_that_cannot_be(make: Make) -> None:
    text = "match a:\n    case 1:\n        b = c\n    case _:\n        assert_never(a)\n"
    assert [each.becomes.count("case") for each in make(text).mutants()] == [1]


def test_the_mutated_code_is_the_text_that_is_shown(make: Make) -> None:
    source = make("def f(a: int) -> bool:\n    return a > 3 and a != 'ü'\n")
    for mutant in source.mutants():
        code = source.mutated(mutant)
        shown = source.text.replace(mutant.was, mutant.becomes)
        assert code is not None
        assert _executed(code)(4) == _executed(compile(ast.parse(shown), "", "exec"))(4)
    assert _executed(source.code)(4) is True


def _executed(code: object) -> Callable[[int], object]:
    space: dict[str, Callable[[int], object]] = {}
    exec(code, space)  # type: ignore[call-overload]
    return space["f"]


def test_a_function_is_changed_in_place_with_what_stands_in_it(make: Make) -> None:
    source = make("def f(a: int) -> list[int]:\n    return [g(a) for g in (lambda b: b + 1,)]\n")
    f = _executed(source.code)
    live = LiveFunctions({source.path})
    (wrong,) = [each for each in source.mutants() if each.becomes.strip().endswith("b - 1,)]")]
    code = source.mutated(wrong)
    assert code is not None
    assert live.swap(source.code, code)
    assert f(3) == [2]


def test_a_child_that_never_ends_is_ended() -> None:
    def endless() -> bool:
        while True:
            pass

    assert run_forked(lambda: True, seconds=5) is Verdict.SURVIVED
    assert run_forked(lambda: False, seconds=5) is Verdict.KILLED
    assert run_forked(endless, seconds=1) is Verdict.TIMEOUT


def mutant(was: str, becomes: str) -> Mutant:
    return Mutant("module", 0, 1, 1, 1, was, becomes, at_import=False)


def test_an_explanation_is_of_one_mutant_of_a_line() -> None:
    why = Explanation("module", "a < b", "a <= b", "They are never equal.")
    assert why.explains(mutant("    a < b", "    a <= b"))
    assert not why.explains(mutant("    a < b", "    a >= b"))
    assert unmatched([why], [mutant("a < b", "a <= b")], ["module"]) == []
    assert unmatched([why], [mutant("a < c", "a <= c")], ["module"]) == [why]
    assert unmatched([why], [], ["another"]) == []


def test_explanations_say_why_and_are_of_pure_modules() -> None:
    modules = pure_modules()
    for each in explanations():
        assert each.why.strip()
        assert each.module in modules


def test_the_pure_modules_are_those_of_the_import_contract() -> None:
    modules = pure_modules()
    assert {"provisioning.guard", "provisioning.scim.wire", "provisioning.expressions.syntax"} <= (
        modules.keys()
    )
    assert all(path.is_file() for path in modules.values())
    assert chosen_modules(["scoping"]).keys() < modules.keys()
    query = "provisioning.provisioning_log.query"
    assert [*chosen_modules(["provisioning_log"])] == [*chosen_modules([query])] == [query]
    with pytest.raises(SystemExit, match="engine"):
        chosen_modules(["engine"])


def test_what_no_test_passes_through_survives() -> None:
    module = ModuleScore("module")
    for verdict in (Verdict.KILLED, Verdict.TIMEOUT, Verdict.KILLED, None):
        module.note(mutant("a", "b"), verdict)
    assert score([module]) == 75.0
    assert len(module.survivors) == 1


def test_each_pure_module_has_tests_to_be_tried() -> None:
    for module in pure_modules():
        files = files_of([module])
        assert files, module
        assert all((ROOT / file).exists() for file in files), module
