"""Each benchmark at the smallest size: it runs, and what is counted, not timed, is right.

Those that build a package, start Azurite or a host are told by their own tests.
"""

from __future__ import annotations

import asyncio

import pytest

from benchmarks import counts, graph_reads, load, log, mapping, pace, scale, servers, webhook
from benchmarks.figure import TINY, Figure
from benchmarks.peers import naive
from benchmarks.peers.wanted import Wanted, change, wanted, wrong
from benchmarks.program import environment, initial_cycle
from provisioning.record import CycleStatus
from provisioning.state.memory import MemoryStore


def by_subject(figures: list[Figure]) -> dict[str, Figure]:
    return {figure.subject: figure for figure in figures}


def test_a_load_has_nobody_refused_and_nothing_wrong_and_its_leavers_go_first() -> None:
    figures = load.measure(TINY)
    exact = [f for f in figures if f.subject.endswith(("429", "wrong objects"))]
    assert len(exact) == 6
    assert all(figure.verdict == "ok" for figure in exact)
    (place,) = (f for f in figures if "its request" in f.subject)
    assert place.value >= 1
    assert place.verdict == "ok"


def test_the_tenant_costs_graph_no_request() -> None:
    figures = graph_reads.measure(TINY)
    assert all(f.verdict == "ok" for f in figures if "times as large" in f.subject)


def test_a_cycle_without_changes_asks_zscloud_nothing() -> None:
    found = by_subject(counts.measure(TINY))
    assert found["incremental, no change"].value == 0
    assert found["incremental, 1 % changed"].verdict == "ok"


def test_every_pace_has_a_rate_and_its_refusals() -> None:
    figures = pace.measure(TINY)
    assert len(figures) == 18
    assert all(0 < f.value <= 100 for f in figures if f.subject.endswith("rate used"))


def test_a_page_of_the_log_reads_no_more_than_its_share() -> None:
    found = by_subject(log.measure(TINY))
    assert found["400 entries, SQLite: rows read, most"].value == 400
    assert found["400 entries, SQLite: newest page"].source.startswith("100 entries; 100 rows")
    assert found["400 entries, SQLite: principal, failures"].source.startswith("4 entries; 24 rows")


@pytest.mark.parametrize("measure", [mapping.measure, webhook.measure])
def test_what_is_timed_has_a_bound(measure: object) -> None:
    figures = measure(TINY)  # type: ignore[operator]
    assert any(figure.verdict is not None for figure in figures)
    assert all(figure.value > 0 for figure in figures)


def test_a_size_is_measured_in_a_process_of_its_own() -> None:
    found = by_subject(scale.measure(TINY))
    whole = found["40 users, SQLite: resident set"]
    assert whole.source.endswith("all written")
    assert found["40 users, SQLite: nothing changed, ZSCloud requests"].value == 0
    assert found["40 users, SQLite: of it reading"].value <= whole.value
    assert "80 users, SQLite: nothing changed, CPU" not in found


# --- the peers ---------------------------------------------------------------------------------


def test_what_is_wrong_is_counted() -> None:
    people = wanted(12, 3)
    with servers.zscloud() as zscloud:
        missing = wrong(zscloud, people)
        assert (missing.objects, missing.attributes) == (12 + 24, 0)
        assert naive.synchronize(zscloud, people).text == ""
        assert wrong(zscloud, people).objects == 0
        assert wrong(zscloud, people).attributes == 0
        fewer = Wanted(people.people[1:])
        assert wrong(zscloud, fewer).objects == 1 + 2


def test_the_program_and_the_list_for_the_peers_are_about_the_same_people() -> None:
    people = wanted(12, 3)
    store = MemoryStore()
    with servers.entra(12, 3) as entra, servers.zscloud() as zscloud:
        environ = environment(entra, zscloud)
        load = asyncio.run(initial_cycle(environ, store, store))
        assert load.record.status is CycleStatus.COMPLETED
        assert wrong(zscloud, people).what == ""
        changed = change(entra, people, 3)
        assert wrong(zscloud, changed).objects > 0
        assert naive.synchronize(zscloud, changed).text == ""
        assert wrong(zscloud, changed).what == ""


def test_a_naive_synchronizer_gives_up_at_the_first_429() -> None:
    with servers.zscloud() as zscloud:
        zscloud.set_options(rate=5, burst=5)
        assert naive.synchronize(zscloud, wanted(12, 3)).text.startswith("gives up")
