"""The served paper exchange beside a stateless mock of the same specification (Prism), in one run.

Run: PYTHONPATH=src python bench/bench_paper_mock.py --prism PATH [--specification openapi.yaml] [--requests 1000]
PATH is Prism's command, for example of `npm install @stoplight/prism-cli` in a folder outside this repository; the
specification is looked for beside the shared data. Without either, this says so and measures nothing. Both servers
take turns; the same bytes go to both. Ours checks the signature and has each order on disk before its answer; the
mock keeps nothing. The results are ratios: of requests a second, and of the CPU time the servers took for them, which
does not see what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import psutil
from bench_paper import PATH, open_exchange, order
from paper_load import measure, report, request, served

from kalshi.exchange.hosts import API_PATH
from kalshi.paper.keys import paper_credentials

ROUNDS = 3
CONNECTIONS = (1, 8, 64)
STATUS = f"{API_PATH}/exchange/status"


def specification() -> Path:
    """Return where the specification lies: beside the shared data."""
    shared = os.environ.get("KALSHI_SHARED_DATA")
    data = Path(shared) if shared else Path(__file__).resolve().parents[2] / "shared" / "data"
    return data.parent / "kalshi" / "openapi.yaml"


@contextmanager
def prism(command: str, document: Path) -> Iterator[str]:
    """Serve *document* by Prism as one process; give its host and port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [command, "mock", str(document), "--port", str(port), "--host", "127.0.0.1", "--verboseLevel", "silent"]
    process = subprocess.Popen([*words, "--multiprocess", "false"], stdout=subprocess.DEVNULL)
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def cpu_seconds(netloc: str) -> float:
    """Return the CPU seconds of the process that listens at *netloc*, a child of this one."""
    port = int(netloc.rpartition(":")[2])
    for child in psutil.Process().children(recursive=True):
        if any(one.status == psutil.CONN_LISTEN and one.laddr.port == port for one in child.net_connections()):
            times = child.cpu_times()
            return times.user + times.system
    raise ProcessLookupError(f"no child listens on port {port}")


def main() -> None:
    """Print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prism", default=shutil.which("prism"))
    parser.add_argument("--specification", type=Path, default=specification())
    parser.add_argument("--requests", type=int, default=1000)
    asked = parser.parse_args()
    if asked.prism is None or not asked.specification.exists():
        print("nothing measured: give --prism and --specification")
        return
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "paper.sqlite"
        credentials = paper_credentials(state)
        exchange, ticker = open_exchange(state, credentials)
        exchange.close()
        with served(state) as ours, prism(asked.prism, asked.specification) as mock:
            # Prism serves the document's paths without the prefix of the server's URL.
            places = {"ours": (ours, API_PATH), "mock": (mock, "")}
            for what, method, path in (("orders", "POST", PATH), ("status", "GET", STATUS)):
                for connections in CONNECTIONS:
                    speeds: dict[str, list[float]] = {"ours": [], "mock": []}
                    costs: dict[str, list[float]] = {"ours": [], "mock": []}
                    for number in range(ROUNDS + 1):
                        for name, (netloc, prefix) in places.items():
                            at = prefix + path.removeprefix(API_PATH)
                            bodies = [order(ticker) if method == "POST" else b"" for _ in range(asked.requests)]
                            # Signed for the real path: the mock does not look.
                            requests = [
                                request(credentials, netloc, method, path, body).replace(
                                    f"{method} {path} ".encode(), f"{method} {at} ".encode(), 1
                                )
                                for body in bodies
                            ]
                            before = cpu_seconds(netloc)
                            taken, seconds, statuses = measure(netloc, requests, connections)
                            cost = (cpu_seconds(netloc) - before) * 1000 / asked.requests
                            assert set(statuses) <= {b"200", b"201"}, (name, statuses)
                            if number:  # the first round warms both up
                                speeds[name].append(report(f"{name}, {what}, {connections}", taken, seconds, "req/s"))
                                costs[name].append(cost)
                    speed = median(speeds["ours"]) / median(speeds["mock"])
                    ours_ms, mock_ms = median(costs["ours"]), median(costs["mock"])
                    print(f"{what}, {connections} connection(s): requests a second, ours / mock {speed:.2f}; ", end="")
                    print(f"CPU {ours_ms:.2f} and {mock_ms:.2f} ms a request, mock / ours {mock_ms / ours_ms:.2f}")


if __name__ == "__main__":
    main()
