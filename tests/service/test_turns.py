"""Who has the next turn, how long may a turn be waited for, and when is a FHIR server not asked?"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import pytest
from ehr import logged

from cds_service import time_limit, waiting
from cds_service.config.limits import MAX_TURN_WAIT_SECONDS, YIELD_SECONDS, FetchLimits
from cds_service.errors import OutOfTimeError
from cds_service.fhir_client.circuit_breaker import CircuitBreaker
from cds_service.fhir_client.client import Deadline, FetchError, FhirClient
from cds_service.fhir_client.failures import FetchFailure
from cds_service.fhir_client.tenant_server import TenantServer
from cds_service.serving.turns import Turns
from cds_service.time_limit import within


def spin() -> None:
    """Keep the processor busy until that is given up."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        pass
    raise AssertionError("it was not given up")


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Process:
    """The turns of a process, with a clock of the test; ``happened`` is what its calls did."""

    clock: Clock = field(default_factory=Clock)
    waited: list[float] = field(default_factory=list)
    happened: list[str] = field(default_factory=list)
    listening: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    callers: list[socket.socket] = field(default_factory=list)

    def __post_init__(self) -> None:
        read, write = os.pipe()
        os.set_blocking(read, False)
        os.set_blocking(write, False)
        self.turns = Turns((read, write), self._accept, self.waited.append, self.clock)
        self.turns.listen([self.listening])

    def _accept(self, listening: socket.socket) -> None:
        self.callers.append(listening.accept()[0])
        self.happened.append("began")

    def call_that_waits(self, name: str) -> Future[None]:
        """Begin a call that waits until the future is done."""
        future: Future[None] = Future()

        def call() -> None:
            in_time = self.turns.wait([future], None)
            self.happened.append(name if in_time else f"{name}, late")

        self.turns.begin(call)
        return future

    def caller_arrives(self) -> None:
        self.callers.append(socket.create_connection(self.listening.getsockname()))

    def close(self) -> None:
        for each in (self.listening, *self.callers):
            each.close()
        for end in self.turns.pipe:
            os.close(end)


@pytest.fixture
def process() -> Iterator[Process]:
    process = Process()
    yield process
    process.close()


def test_who_begins_passes_who_has_waited_for_another_machine(process: Process) -> None:
    first, second = process.call_that_waits("first"), process.call_that_waits("second")
    second.set_result(None)
    first.set_result(None)
    process.caller_arrives()
    for _ in range(3):
        process.turns.next(1)
    assert process.happened == ["began", "second", "first"]
    assert process.turns.calls == 0


def test_who_has_waited_is_passed_for_a_bounded_time(process: Process) -> None:
    process.call_that_waits("waited").set_result(None)
    process.caller_arrives()
    process.clock.now += YIELD_SECONDS
    process.turns.next(1)
    process.turns.next(1)
    assert process.happened == ["waited", "began"]


def test_the_wait_for_a_turn_is_measured_from_when_the_data_were_there(process: Process) -> None:
    future = process.call_that_waits("waited")
    thread = threading.Thread(target=lambda: future.set_result(None))
    thread.start()
    thread.join()
    process.clock.now += 0.5
    process.turns.next(1)
    assert process.waited == [0.5]


def test_a_call_whose_turn_comes_too_late_has_no_time_left(process: Process) -> None:
    future: Future[None] = Future()

    def call() -> None:
        def work() -> None:
            assert not process.turns.wait([future], None)
            spin()

        with pytest.raises(OutOfTimeError):
            within(60, work)
        process.happened.append("given up")

    process.turns.begin(call)
    future.set_result(None)
    process.clock.now += MAX_TURN_WAIT_SECONDS + 0.1
    process.turns.next(1)
    assert process.happened == ["given up"]


def test_the_time_of_one_call_does_not_run_while_another_has_its_turn(process: Process) -> None:
    future: Future[None] = Future()

    def work() -> None:
        # Its time limit has been over for long while it waits, and goes on with what was left.
        assert process.turns.wait([future], None)
        process.happened.append("first goes on")
        spin()

    def first() -> None:
        with pytest.raises(OutOfTimeError):
            within(0.05, work)
        process.happened.append("first")

    def second() -> None:
        with pytest.raises(OutOfTimeError):
            within(0.1, spin)
        process.happened.append("second")
        future.set_result(None)

    process.turns.begin(first)
    process.turns.begin(second)
    process.turns.next(1)
    assert process.happened == ["second", "first goes on", "first"]


def test_a_wait_ends_at_its_deadline(process: Process) -> None:
    future: Future[None] = Future()
    process.turns.begin(lambda: process.happened.append(str(process.turns.wait([future], 5))))
    process.turns.next(0)
    assert process.happened == []
    process.clock.now += 5
    process.turns.next(0)
    assert process.happened == ["True"]
    # What comes later wakes nobody.
    future.set_result(None)
    process.turns.next(0)
    assert process.happened == ["True"]


def test_a_time_limit_that_is_paused_goes_on_with_what_was_left() -> None:
    def work() -> None:
        left = time_limit.pause()
        assert left is not None
        assert 0 < left.seconds <= 60
        assert time_limit.pause() is None
        time_limit.resume(left, at_end=True)
        spin()

    with pytest.raises(OutOfTimeError):
        within(60, work)
    assert time_limit.pause() is None


def test_where_calls_take_no_turns_the_thread_waits_itself() -> None:
    assert waiting.begun(lambda: 3).result() == 3
    failed = waiting.begun(lambda: 1 // 0)
    assert waiting.wait_for([failed], None)
    assert isinstance(failed.exception(), ZeroDivisionError)


# -- the server of a tenant


def reads(answers: dict[str, Callable[[], Any]], **limits: Any) -> tuple[TenantServer, Callable[[], dict[str, Any]]]:
    """A server, and what is read of it each time: its failures by name."""
    server = TenantServer("general", FhirClient("http://127.0.0.1:1/fhir", True, FetchLimits(deadline=30, **limits)))

    def read() -> dict[str, Any]:
        found = server.read_all(answers, Deadline(server.client.limits.deadline + Deadline(0).clock()))
        return {name: one.failure.name if isinstance(one, FetchError) else one for name, one in found.items()}

    return server, read


def raising(failure: FetchFailure) -> Callable[[], Any]:
    def read() -> Any:
        raise FetchError(failure)

    return read


def test_no_more_calls_wait_than_the_bound_and_no_more_reads_of_one() -> None:
    going, arrived, at_once, most = threading.Event(), threading.Semaphore(0), 0, 0
    lock = threading.Lock()

    def read() -> str:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        arrived.release()
        assert going.wait(60)
        with lock:
            at_once -= 1
        return "read"

    _, read_all = reads({f"r{number}": read for number in range(5)}, calls=2, connections=3)
    found: list[dict[str, Any]] = []
    callers = [threading.Thread(target=lambda: found.append(read_all())) for _ in range(2)]
    for caller in callers:
        caller.start()
    for _ in range(6):
        assert arrived.acquire(timeout=60)
    assert set(read_all().values()) == {"TOO_MANY_CALLS"}
    going.set()
    for caller in callers:
        caller.join(60)
    assert [set(each.values()) for each in found] == [{"read"}] * 2
    assert most == 6
    assert set(read_all().values()) == {"read"}


def test_a_read_that_does_not_end_in_time_is_abandoned_and_the_others_count() -> None:
    going = threading.Event()
    server = TenantServer("general", FhirClient("http://127.0.0.1:1/fhir", True, FetchLimits()))
    deadline = Deadline(Deadline(0).clock() + 0.2)
    found = server.read_all({"slow": lambda: going.wait(60), "fast": lambda: "read"}, deadline)
    going.set()
    assert found["fast"] == "read"
    assert isinstance(found["slow"], FetchError)
    assert found["slow"].failure is FetchFailure.NOT_IN_TIME


@pytest.mark.parametrize("failure", ["NOT_IN_TIME", "NOT_REACHED", "BROKE_OFF", "FAILED", "BUSY"])
def test_a_server_of_which_no_read_succeeds_is_left_alone(failure: str) -> None:
    answers = {"one": raising(FetchFailure[failure]), "other": raising(FetchFailure.NOT_REACHED)}
    server, read = reads(answers, failures=2, pause=5.0)
    clock = server._breaker.clock = Clock()
    with logged() as lines:
        for _ in range(2):
            assert read() == {"one": failure, "other": "NOT_REACHED"}
        assert set(read().values()) == {"LEFT_ALONE"}
        clock.now += 5
        # One call tries it, and leaves it alone again.
        assert set(read().values()) == {failure, "NOT_REACHED"}
        assert set(read().values()) == {"LEFT_ALONE"}
        clock.now += 5
        answers["other"] = lambda: "read"
        for _ in range(2):
            assert read() == {"one": failure, "other": "read"}
    assert [line for line in lines if "fhir server" in line] == [
        line for line in lines if "left alone" in line or "server back" in line
    ]
    assert len([line for line in lines if "fhir server left alone" in line]) == 1
    assert len([line for line in lines if "fhir server back" in line]) == 1


@pytest.mark.parametrize("failure", ["NOT_FOUND", "NOT_ADMITTED", "NOT_ALLOWED", "REFUSED", "NOT_FHIR", "TOO_LARGE"])
def test_a_server_that_refuses_is_asked_again(failure: str) -> None:
    _, read = reads({"one": raising(FetchFailure[failure])}, failures=2)
    assert [read() for _ in range(5)] == [{"one": failure}] * 5


def test_one_call_alone_tries_a_server_that_was_left_alone() -> None:
    clock = Clock()
    breaker = CircuitBreaker(1, 5, clock)
    assert breaker.may_ask()
    assert breaker.failed()
    assert not breaker.may_ask()
    clock.now += 5
    assert [breaker.may_ask() for _ in range(3)] == [True, False, False]
    # A call that was begun before the pause and fails now changes nothing.
    breaker.told_nothing()
    assert [breaker.may_ask() for _ in range(2)] == [True, False]
    assert breaker.succeeded()
    assert [breaker.may_ask() for _ in range(3)] == [True] * 3


def test_a_call_with_hardly_any_time_left_says_nothing_of_the_server() -> None:
    server, _ = reads({}, failures=1)
    late = Deadline(Deadline(0).clock() + server.client.limits.deadline / 3)
    for _ in range(3):
        (found,) = server.read_all({"one": raising(FetchFailure.FAILED)}, late).values()
        assert isinstance(found, FetchError)
        assert found.failure is FetchFailure.FAILED


def test_a_server_that_is_closed_ends_its_threads_after_the_last_read_and_a_late_read_still_counts() -> None:
    going, arrived, threads = threading.Event(), threading.Event(), []

    def read() -> str:
        threads.append(threading.current_thread())
        arrived.set()
        assert going.wait(60)
        return "read"

    server, read_all = reads({"one": read})
    found: list[dict[str, Any]] = []
    caller = threading.Thread(target=lambda: found.append(read_all()))
    caller.start()
    assert arrived.wait(60)
    server.close()
    assert threads[0].is_alive()
    going.set()
    caller.join(60)
    found.append(read_all())
    assert found == [{"one": "read"}] * 2
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
