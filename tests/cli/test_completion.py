"""Commands, options and values are completed in the shell."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from provisioning.cli import completion
from tests.cli.world import ROOT, World

SCRIPTS = Path(completion.__file__).parent

_IN_BASH = """
source "$SCRIPT"
complete -p python python3
for words in "-m provisioning on" "-m provisioning cycle --kind re" "-m http.ser" "provis"; do
    COMP_WORDS=("$PYTHON" $words); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=()
    _provisioning "$PYTHON" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "$words: ${COMPREPLY[*]}"
done
"""


def test_bash_completes_behind_the_program_alone() -> None:
    """And leaves what else is done with python to what was there before."""
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "--norc", "-c", _IN_BASH],
        env={
            "PATH": os.environ["PATH"],
            "PYTHON": sys.executable,
            "SCRIPT": str(SCRIPTS / "script.bash"),
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "complete -o bashdefault -o default -F _provisioning python",
        "complete -o bashdefault -o default -F _provisioning python3",
        "-m provisioning on: on-demand",
        "-m provisioning cycle --kind re: reconcile",
        "-m http.ser: ",
        "provis: ",
    ]


async def offered(world: World, words: str) -> list[str]:
    """What bash is offered for the last word; it is empty behind a space."""
    said = await world.run(
        _PROVISIONING_COMPLETE="complete_bash",
        COMP_WORDS=f"provisioning {words}",
        COMP_CWORD=str(len(f"{words}.".split())),
    )
    assert (said.status, said.err) == (0, "")
    return said.out.split()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("logs --status f", ["failure"]),
        ("logs --action add", ["add_member"]),
        ("restart --reset-scope watermark,q", ["watermark,quarantine"]),
        ("completion ", ["bash", "zsh", "fish"]),
        ("subscriptions r", ["renew"]),
    ],
)
async def test_values_are_offered(world: World, words: str, expected: list[str]) -> None:
    assert await offered(world, words) == expected


async def test_ids_are_those_that_are_stored(world: World) -> None:
    """Held plans, cycles, and who is in escrow."""
    world.tenant.assign(world.tenant.add_user("jo@elsewhere.example", displayName="Jo"))
    ended = (await world.run("cycle", "--json")).json
    assert ended["cycle_id"] in await offered(world, "logs --cycle ")
    assert await offered(world, "escrow retry-now j") == ["jo@elsewhere.example"]
    for user in list(world.tenant.users.current().values()):
        if user.user_principal_name.endswith("@example.com"):
            world.tenant.disable(user.id)
    assert (await world.run("cycle")).status == 3
    (plan,) = (await world.run("held", "--json")).json["items"]
    assert await offered(world, "held approve ") == [plan["id"]]
    assert await offered(world, f"held show {plan['id'][:3]}") == [plan["id"]]


async def test_without_settings_no_id_is_offered(world: World) -> None:
    world.settings.clear()
    assert await offered(world, "held approve ") == []
    assert list(world.folder.iterdir()) == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_the_script_is_printed(world: World, shell: str) -> None:
    script = (SCRIPTS / f"script.{shell}").read_text(encoding="utf-8")
    assert (await world.run("completion", shell)).out == script
    document = (await world.run("completion", shell, "--json")).json
    assert document == {"shell": shell, "script": script}
    assert completion.VARIABLE in script
