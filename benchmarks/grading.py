"""`make bench-grading`: compare stock nbgrader with this course's engine on the same submissions.

Both are timed the way an instructor runs them: as a command in a folder with submissions. The times include the start
of the command and of the engine's first processes. The engine also writes feedback, which stock `nbgrader autograde`
does not.
"""

import argparse
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.grading_cluster import Simulation, simulate
from benchmarks.grading_measure import Cost
from benchmarks.grading_ways import ASSIGNMENT, Run, engine, otter, stock

TORCH = "import torch\n"  # other assignments need it, and importing it takes most of stock nbgrader's time there


def arguments() -> argparse.Namespace:
    """Parse the command line; the default measurement takes some minutes."""
    parser = argparse.ArgumentParser(prog="make bench-grading", description=__doc__)
    parser.add_argument("--count", type=int, default=10, help="submissions graded by each system in each round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--growth", type=int, nargs="*", default=[10, 100], help="class sizes for the engine only")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cluster", type=int, default=2000, help="submissions on the simulated cluster; 0 skips it")
    parser.add_argument("--workers", type=int, default=128, help="threads of the simulated cluster")
    parser.add_argument("--otter", type=Path, help="bin/ of an environment with otter-grader, for comparison")
    return parser.parse_args()


def side_by_side(options: argparse.Namespace, begin: str = "") -> list[Run]:
    """Run all systems in turn on the same submissions, with `begin` before the first answer, and add up the rounds."""
    runs: dict[str, list[Run]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory() as folder:
            runs.setdefault("stock", []).append(stock(Path(folder), options.count, begin))
        with tempfile.TemporaryDirectory() as folder:
            runs.setdefault("engine", []).append(engine(Path(folder), options.count, options.jobs, begin))
        if options.otter and not begin:
            with tempfile.TemporaryDirectory() as folder:
                runs.setdefault("otter", []).append(otter(Path(folder), options.count, options.otter))
    return [total(same) for same in runs.values()]


def total(runs: list[Run]) -> Run:
    """Combine several runs: the sums of their submissions, seconds and CPU seconds, and the peak of their memory."""
    costs = [run.cost for run in runs]
    cost = Cost(sum(c.seconds for c in costs), sum(c.cpu_seconds for c in costs), max(c.peak_mb for c in costs))
    return Run(runs[0].way, sum(run.submissions for run in runs), cost)


def growth(options: argparse.Namespace) -> list[Run]:
    """Run the engine on classes of several sizes."""
    runs = []
    for count in options.growth:
        with tempfile.TemporaryDirectory() as folder:
            runs.append(engine(Path(folder), count, options.jobs))
    return runs


def run_table(groups: dict[str, list[Run]], peer: Run) -> Table:
    """Build a table with one line per run, and its rate relative to the stock run of its group, or else to `peer`."""
    table = Table("what", "submissions", "seconds", "a minute", "CPU s each", "peak PSS, MB", "rate / stock")
    for title, runs in groups.items():
        table.add_section()
        base = runs[0] if runs[0].way.startswith("stock") else peer
        for run in runs:
            each = f"{run.cost.cpu_seconds / run.submissions:.2f}"
            row = [f"{run.cost.seconds:.1f}", f"{run.rate:.1f}", each, f"{run.cost.peak_mb:.0f}"]
            table.add_row(f"{run.way}{title}", str(run.submissions), *row, f"{run.rate / base.rate:.1f}")
    return table


def cluster_table(simulations: list[Simulation]) -> Table:
    """Build a table of the scheduler's costs, with one line per simulation."""
    table = Table(
        "simulated cluster", "workers", "s each", "seconds", "without overhead", "scheduler and client, ms each"
    )
    for run in simulations:
        row = [f"{run.seconds_each:.2f}", f"{run.seconds:.1f}", f"{run.ideal:.1f}", f"{run.cpu_each_ms:.2f}"]
        table.add_row(f"{run.submissions:,} submissions", str(run.workers), *row)
    return table


def main() -> None:
    """Measure and print the tables."""
    options, console = arguments(), Console(width=110)
    plain, with_torch = side_by_side(options), side_by_side(options, TORCH)
    groups = {f", {ASSIGNMENT}": plain, ", answers import torch": with_torch, ", growth": growth(options)}
    console.print(run_table({title: runs for title, runs in groups.items() if runs}, plain[0]))
    if not options.otter:
        console.print(
            "otter-grader was not measured: to include it, name its environment by --otter BIN.", markup=False
        )
    if options.cluster:
        recorded = plain[1].cost.cpu_seconds / plain[1].submissions
        console.print(cluster_table([simulate(options.cluster, recorded, options.workers)]))


if __name__ == "__main__":
    main()
