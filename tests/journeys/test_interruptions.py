"""Interrupts and Cancel at random moments; `python -m tests.journeys.interruptions` has them come more often."""

from __future__ import annotations

from tests.journeys.interruptions import cancel_runs, interrupt_runs


def test_interrupted_runs_leave_nothing_partial_no_bar_that_lies_and_a_kernel_that_answers(notebook):
    assert len(interrupt_runs(notebook, times=3).answered) == 3


def test_cancelled_runs_leave_nothing_partial_no_bar_that_lies_and_a_kernel_that_answers(notebook):
    assert len(cancel_runs(notebook, times=3).answered) == 3
