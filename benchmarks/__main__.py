"""``python -m benchmarks``: measures, prints the tables, keeps the raw figures, and can write the page."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import machine
from benchmarks.bars import judge
from benchmarks.channel import REPOSITORY
from benchmarks.contenders import MODULES, load
from benchmarks.report import bars_table, document, workload_table
from benchmarks.runner import Run
from benchmarks.server import server_for
from benchmarks.workloads.catalogue import WORKLOADS
from benchmarks.workloads.workload import COMPLETE, QUICK

RESULTS = REPOSITORY / "benchmarks" / "results"
_MAY_DIFFER = frozenset({"load_before", "fdatasync_us"})
PAGE = REPOSITORY / "docs" / "reference" / "benchmarks.md"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for. Returns 0 even where a bar is not met: a benchmark is no test."""
    options = _parse(arguments)
    if options.render:
        results = _joined([json.loads(path.read_text()) for path in options.render])
    else:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
        print(f"raw figures: {path.relative_to(REPOSITORY)}", flush=True)
        results = _measure(options, path)
    if options.publish:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(document(results))
        print(f"wrote {PAGE.relative_to(REPOSITORY)}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKLOADS, help="run these workloads (default: all)")
    parser.add_argument(
        "--contenders", nargs="+", choices=MODULES, help="with these contenders (default: all)"
    )
    parser.add_argument(
        "--rounds", type=int, help=f"rounds (default: {COMPLETE.rounds}, quick: {QUICK.rounds})"
    )
    parser.add_argument(
        "--quick", action="store_true", help="shorter measurements, 10^5 instead of 10^6 messages"
    )
    parser.add_argument(
        "--directory", type=Path, default=RESULTS / "stores", help="where the stores are made: on a disk"
    )
    parser.epilog = (
        "CROSSDOCK_TEST_POSTGRESQL names a PostgreSQL server; default: one of our own in --directory."
    )
    parser.add_argument("--publish", action="store_true", help="write docs/reference/benchmarks.md")
    parser.add_argument(
        "--render",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="do not measure: use the raw figures of a run, or of several on one machine, the latest of a workload",
    )
    return parser.parse_args(arguments)


def _measure(options: argparse.Namespace, path: Path) -> dict[str, Any]:
    """Run the workloads; what was measured is in the file after each of them."""
    scale = QUICK if options.quick else COMPLETE
    rounds = options.rounds or scale.rounds
    options.directory.mkdir(parents=True, exist_ok=True)
    results: dict[str, Any] = {
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "command": " ".join(["python -m benchmarks", *sys.argv[1:]]),
        "scale": scale.name,
        "rounds": rounds,
        "machine": machine.describe(options.directory),
        "contenders": {},
        "workloads": {},
    }
    contenders = _installed(options.contenders or list(MODULES), results["contenders"])
    start = time.monotonic()
    with server_for(contenders, options.directory) as about:
        results["machine"]["postgresql"] = about
        for name in options.only or WORKLOADS:
            workload = WORKLOADS[name]()
            part = Run(workload, scale, options.directory / name).execute(contenders, rounds)
            results["workloads"][name] = part
            path.write_text(json.dumps(results, indent=1))
            print(
                f"\n{workload.title} ({part['seconds']:.0f} s)\n{workload_table(workload, part)}", flush=True
            )
    shutil.rmtree(options.directory, ignore_errors=True)
    print(f"\nThe bars ({time.monotonic() - start:.0f} s in all)\n{bars_table(judge(results['workloads']))}")
    return results


def _joined(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return several runs as one; a workload that several have is that of the last.

    Raises:
        ValueError: They were on different machines, or with different versions.
    """
    whole: dict[str, Any] = runs[0]
    for run in runs[1:]:
        for name in run["machine"].keys() & whole["machine"].keys() - _MAY_DIFFER:
            if run["machine"][name] != whole["machine"][name]:
                raise ValueError(
                    f"the runs differ in their {name}: {whole['machine'][name]} and {run['machine'][name]}"
                )
        whole = {
            **run,
            "command": f"{whole['command']}` and `{run['command']}",
            "rounds": max(whole["rounds"], run["rounds"]),
            "machine": {
                **whole["machine"],
                **run["machine"],
                "load_before": max(whole["machine"]["load_before"], run["machine"]["load_before"]),
            },
            "contenders": {**whole["contenders"], **run["contenders"]},
            "workloads": {**whole["workloads"], **run["workloads"]},
        }
    return whole


def _installed(names: Sequence[str], about: dict[str, Any]) -> list[str]:
    """Keep the contenders that can be imported, and note how each is set up; say which cannot."""
    found = []
    for name in names:
        try:
            contender = load(name)
        except ImportError as error:
            print(f"{name}: left out: {error} (pip install 'crossdock[bench]')", file=sys.stderr)
            continue
        about[name] = {"settings": contender.settings, "package": contender.package}
        found.append(name)
    return found


if __name__ == "__main__":
    sys.exit(main())
