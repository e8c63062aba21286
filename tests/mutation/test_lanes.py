"""Work is shared, all of it comes back, and a process that breaks off is noticed."""

from __future__ import annotations

import os

import pytest

from tests.mutation.lanes import side_by_side


@pytest.mark.parametrize(("count", "lanes"), [(0, 1), (1, 1), (7, 1), (7, 2), (40, 3)])
def test_each_number_is_worked_on_once(count: int, lanes: int) -> None:
    became = list(side_by_side(count, lanes, lambda at: f"the square {at * at}"))
    assert sorted(became) == [(at, f"the square {at * at}") for at in range(count)]


def test_each_lane_is_a_process_of_its_own() -> None:
    processes = {became for _, became in side_by_side(8, 2, lambda _: str(os.getpid()))}
    assert len(processes) == 2
    assert str(os.getpid()) not in processes


def test_a_process_that_breaks_off_is_noticed() -> None:
    def work(at: int) -> str:
        if at == 4:
            os._exit(9)
        return "done"

    with pytest.raises(RuntimeError, match=r"2 of 8 are missing; the processes ended with \[9, 0"):
        list(side_by_side(8, 2, work))


def test_an_error_in_a_process_is_shown_and_noticed(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(RuntimeError, match="1 of 1 are missing"):
        list(side_by_side(1, 1, lambda at: str(1 // at)))
    assert "ZeroDivisionError" in capfd.readouterr().err
