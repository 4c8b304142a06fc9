"""Which small changes of the rules do the tests not notice? ``make mutants`` tries them for ``MUTANTS_SECONDS``.

A mutant is a module with one change: a comparison, a sum, a number, a truth value or a loop as cosmic-ray changes them,
a clause of an ``and`` or ``or`` left out, ``min`` for ``max``. The tests are collected once. For each mutant a copy of
the process (``fork``) puts the changed functions in place of those that are loaded and runs the tests that call them,
those first that found the most mutants so far, until one fails: the mutant is killed. A mutant that no test notices
survives and is printed.

Mutants are taken in an order drawn by ``--seed``, so that what fits into the time is a sample of all. What stands
outside functions (tables, defaults) is not changed, nor are the sentences.
"""

from __future__ import annotations

import argparse
import difflib
import gc
import os
import pickle
import random
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import _lru_cache_wrapper
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import parso
import pytest
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

TOP = Path(__file__).parents[1]
TESTS = ("spec", "acceptance")
SECONDS_FOR_ONE = 120
_COMPARISONS = (
    *("Eq_NotEq", "NotEq_Eq", "Lt_LtE", "LtE_Lt", "Gt_GtE", "GtE_Gt", "Lt_GtE", "LtE_Gt", "Gt_LtE", "GtE_Lt"),
    *("Is_IsNot", "IsNot_Is"),
)
_ARITHMETIC = ("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "BitOr_BitAnd", "BitAnd_BitOr")
_OTHERS = (
    *("AddNot", "ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("NumberReplacer", "ZeroIterationForLoop", "ReplaceUnaryOperator_Delete_Not"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
)

Functions = dict[tuple[str, str], list[FunctionType]]
_OPPOSITES = {"min": "max", "max": "min", "any": "all", "all": "any"}


class LeaveOutClause(Operator):
    """Leaves one operand of an ``and`` or ``or`` out."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type in {"or_test", "and_test"}:
            for clause in node.children[::2]:
                yield clause.start_pos, clause.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        at = 2 * index
        del node.children[slice(at, at + 2) if at == 0 else slice(at - 1, at + 1)]
        return node

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


class SwapExtremes(Operator):
    """Replaces ``min`` with ``max`` and ``any`` with ``all``, and the other way round."""

    def mutation_positions(self, node: Any) -> Iterator[Any]:
        if node.type == "name" and node.value in _OPPOSITES and node.parent.type in {"atom_expr", "power"}:
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        assert index == 0
        return parso.python.tree.Name(_OPPOSITES[node.value], node.start_pos, node.prefix)

    @classmethod
    def examples(cls) -> tuple[()]:
        return ()


@dataclass(frozen=True)
class Mutant:
    """One change of one module."""

    module: Path
    operator: str
    occurrence: int

    def source(self) -> str | None:
        """The text of the changed module, None where the change makes no sense to Python."""
        return mutate_code(self.module.read_text("utf-8"), operators()[self.operator], self.occurrence)

    def shown(self) -> str:
        before, after = self.module.read_text("utf-8").splitlines(), (self.source() or "").splitlines()
        lines = list(difflib.unified_diff(before, after, n=0, lineterm=""))[2:]
        place = lines[0].split()[1].lstrip("-").partition(",")[0]
        return "\n".join([f"{self.module.relative_to(TOP)}:{place} ({self.operator})", *lines[1:]])


def operators() -> dict[str, Operator]:
    """The kinds of change, by name."""
    names = (
        *(f"ReplaceComparisonOperator_{change}" for change in _COMPARISONS),
        *(f"ReplaceBinaryOperator_{change}" for change in _ARITHMETIC),
        *_OTHERS,
    )
    known: dict[str, Operator] = {name: get_operator(f"core/{name}")() for name in names}
    return known | {"LeaveOutClause": LeaveOutClause(), "SwapExtremes": SwapExtremes()}


def mutants_of(modules: list[Path]) -> list[Mutant]:
    """Every change of the modules."""
    found = []
    for module in modules:
        nodes = list(ast_nodes(get_ast(module.read_text("utf-8"))))
        for name, operator in operators().items():
            count = sum(1 for node in nodes for _ in operator.mutation_positions(node))
            found += [Mutant(module, name, occurrence) for occurrence in range(count)]
    return found


def codes_of(code: CodeType) -> Iterator[CodeType]:
    """A module's code and that of everything in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from codes_of(constant)


def loaded_functions() -> Functions:
    """The functions of the rules that are loaded, by file and qualified name."""
    found: Functions = defaultdict(list)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename.startswith(f"{TOP}/rules/"):
            found[thing.__code__.co_filename, thing.__code__.co_qualname].append(thing)
    return found


def changed_codes(mutant: Mutant, functions: Functions) -> list[tuple[FunctionType, CodeType]]:
    """The loaded functions that a mutant changes, with their new code; those within others come with these."""
    source = mutant.source()
    if source is None:
        return []
    try:
        code = compile(source, str(mutant.module), "exec")
    except (SyntaxError, ValueError):
        return []
    return [
        (function, new)
        for new in codes_of(code)
        for function in functions.get((str(mutant.module), new.co_qualname), ())
        if function.__code__.co_firstlineno == new.co_firstlineno
        and function.__code__ != new
        and function.__code__.co_freevars == new.co_freevars
        and _parameters(function.__code__) == _parameters(new)
    ]


def _parameters(code: CodeType) -> tuple[int, int, int]:
    """How many there are of each kind: a changed ``*`` of a signature is no mutant."""
    return code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount


def forget() -> None:
    """Empty what the rules remember of earlier readings; the knowledge stays."""
    for thing in _REMEMBERING:
        thing.cache_clear()


_REMEMBERING: list[Any] = []


def find_what_remembers() -> None:
    _REMEMBERING[:] = [
        thing
        for thing in gc.get_objects()
        if isinstance(thing, _lru_cache_wrapper)
        and str(getattr(thing, "__module__", "")).startswith("rules.")
        and "load_knowledge" not in str(getattr(thing, "__name__", ""))
    ]


class Run:
    """Takes the place of pytest's loop over the collected tests."""

    def __init__(self, mutants: list[Mutant], seconds: float) -> None:
        self.mutants, self.seconds = mutants, seconds
        self.killed: Counter[str] = Counter()
        self.survived: list[Mutant] = []
        self.without_effect = 0
        self.failed = False

    @pytest.hookimpl
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = session.items
        functions = loaded_functions()
        find_what_remembers()
        gc.freeze()
        calls = self._calls(items)
        print(f"{len(items)} tests, {len(functions)} functions, {len(self.mutants)} mutants", flush=True)
        killers: Counter[int] = Counter()
        ends = time.monotonic() + self.seconds
        for number, mutant in enumerate(self.mutants):
            if time.monotonic() > ends:
                print(f"out of time: {number} of {len(self.mutants)} mutants were tried")
                break
            changed = changed_codes(mutant, functions)
            names = {(function.__code__.co_filename, function.__code__.co_qualname) for function, _ in changed}
            chosen = sorted(set().union(*(calls.get(name, ()) for name in names)), key=lambda at: (-killers[at], at))
            if not changed:
                self.without_effect += 1
                continue
            killer = self._tried(items, chosen, changed)
            module = str(mutant.module.relative_to(TOP))
            if (number + 1) % 100 == 0:
                print(f"{number + 1} tried, {self.killed.total()} killed", flush=True)
            if killer is None:
                self.survived.append(mutant)
                print(f"SURVIVED {len(chosen)} tests: {mutant.shown()}\n", flush=True)
            else:
                killers[killer] += 1
                self.killed[module] += 1
        return True

    @pytest.hookimpl
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed

    def passes(self, item: pytest.Item) -> bool:
        """Whether a test passes."""
        self.failed = False
        item.ihook.pytest_runtest_protocol(item=item, nextitem=None)
        return not self.failed

    def _calls(self, items: list[pytest.Item]) -> dict[tuple[str, str], set[int]]:
        """Which functions of the rules each test calls; found in a process of its own, which remembers nothing."""

        def traced() -> dict[tuple[str, str], set[int]]:
            found: dict[tuple[str, str], set[int]] = defaultdict(set)
            failed = []
            for at, item in enumerate(items):
                forget()
                called: set[CodeType] = set()

                def profile(frame: Any, event: str, _: Any, called: set[CodeType] = called) -> None:
                    if event == "call":
                        called.add(frame.f_code)

                sys.setprofile(profile)
                passed = self.passes(item)
                sys.setprofile(None)
                failed += [] if passed else [item.nodeid]
                for code in called:
                    if code.co_filename.startswith(f"{TOP}/rules/"):
                        found[code.co_filename, code.co_qualname].add(at)
            assert not failed, f"these fail without any change: {failed[:5]}"
            return dict(found)

        status, answer = in_a_copy(traced, None)
        if status != 0:
            pytest.exit("the tests do not pass as the rules stand, or could not be traced", 1)
        return answer

    def _tried(
        self, items: list[pytest.Item], chosen: list[int], changed: list[tuple[FunctionType, CodeType]]
    ) -> int | None:
        """The test that notices the change, None if none does; -1 where it hangs or ends the process."""

        def noticed() -> int | None:
            for function, code in changed:
                function.__code__ = code
            return next((at for at in chosen if not self.passes(items[at])), None)

        forget()
        status, answer = in_a_copy(noticed, SECONDS_FOR_ONE)
        return answer if status == 0 else -1


def in_a_copy(work: Any, seconds: int | None) -> tuple[int, Any]:
    """The status of a copy of this process that does the work, and what the work gave."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            if seconds is not None:
                # Of processor time, so that a busy machine does not decide.
                signal.setitimer(signal.ITIMER_PROF, seconds)
                signal.signal(signal.SIGPROF, signal.SIG_DFL)
            silent = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silent, 1)
            os.dup2(silent, 2)
            answer = pickle.dumps(work())
            with os.fdopen(writing, "wb") as sink:
                sink.write(answer)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading, "rb") as source:
        answer = source.read()
    _, ended = os.waitpid(child, 0)
    return ended, pickle.loads(answer) if ended == 0 else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", default=["rules/load", "rules/findings", "rules/timeline"])
    parser.add_argument("--seconds", type=float, default=3600, help="how long to go on (3600)")
    parser.add_argument("--seed", type=int, default=0, help="which order the mutants are tried in (0)")
    parser.add_argument("--tests", nargs="*", default=[f"tests/{name}" for name in TESTS], help="the tests to run")
    asked = parser.parse_args()
    os.chdir(TOP)
    sys.path.insert(0, str(TOP))
    modules = sorted(
        file
        for name in asked.folders
        for file in ([TOP / name] if name.endswith(".py") else (TOP / name).rglob("*.py"))
        if file.name != "__init__.py"
    )
    mutants = mutants_of(modules)
    random.Random(asked.seed).shuffle(mutants)
    run = Run(mutants, asked.seconds)
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--no-header", "--capture=no", *asked.tests]
    status = pytest.main(options, plugins=[run])
    survivors = Counter(str(mutant.module.relative_to(TOP)) for mutant in run.survived)
    print("\nkilled survived module")
    for module in sorted(run.killed.keys() | survivors.keys()):
        print(f"{run.killed[module]:6} {survivors[module]:8} {module}")
    print(f"{run.killed.total():6} {survivors.total():8} in all; {run.without_effect} without an effect on a function")
    return int(status)


if __name__ == "__main__":
    sys.exit(main())
