"""The signed client against a bare `requests` + `cryptography` client: import time and one signed GET.

Run: PYTHONPATH=src python bench/bench_client.py
Both sides take turns in one run, and the ratio of their medians is reported; bounds are 1.25 and 1.05.
"""

from __future__ import annotations

import base64
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

IMPORT_RUNS = 31
GET_RUNS = 1500
PATH = "/trade-api/v2/exchange/status"
BODY = b'{"exchange_active":true,"trading_active":true}'

BARE_IMPORT = """
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
"""
OUR_IMPORT = "import kalshi.clients"


def import_seconds(statements: str) -> float:
    """Return the seconds that *statements* take in a new interpreter, without its own start.

    Compiled modules may be kept, as in ordinary use, whatever the shell says about it.
    """
    program = f"import time\nt = time.perf_counter()\n{statements}\nprint(time.perf_counter() - t)"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env)
    return float(done.stdout)


def ratio(one: Callable[[], float], other: Callable[[], float], runs: int) -> tuple[float, float, float]:
    """Return (median of one, median of other, one / other), taking turns so that noise hits both."""
    for _ in range(max(2, runs // 20)):
        one(), other()
    ones, others = [], []
    for turn in range(runs):
        pair = [(one, ones), (other, others)]
        for call, kept in pair if turn % 2 else reversed(pair):
            kept.append(call())
    first, second = statistics.median(ones), statistics.median(others)
    return first, second, first / second


SERVER = f"""
import socket, threading
body = {BODY!r}
answer = (b"HTTP/1.1 200 OK\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\n"
          b"Date: Mon, 01 Jun 2026 00:00:00 GMT\\r\\n\\r\\n%s" % (len(body), body))
def serve(connection):
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    seen = b""
    while part := connection.recv(65536):
        seen += part
        while b"\\r\\n\\r\\n" in seen:
            seen = seen.partition(b"\\r\\n\\r\\n")[2]
            connection.sendall(answer)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def get_ratio(port: int) -> tuple[float, float, float]:
    """Return our seconds, the bare client's seconds and the ratio of one signed GET over keep-alive."""
    import requests
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    from kalshi.clients import KalshiClient
    from kalshi.exchange.pacing import Pacer
    from kalshi.exchange.signing import Credentials

    key = rsa.generate_private_key(65537, 2048)
    base = f"http://127.0.0.1:{port}"
    session = requests.Session()

    def bare() -> float:
        start = time.perf_counter()
        stamp = str(int(time.time() * 1000))
        raw = key.sign(
            (stamp + "GET" + PATH).encode(),
            padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH),
            hashes.SHA256(),
        )
        headers = {
            "KALSHI-ACCESS-KEY": "key",
            "KALSHI-ACCESS-TIMESTAMP": stamp,
            "KALSHI-ACCESS-SIGNATURE": base64.b64encode(raw).decode(),
        }
        answer = session.get(base + PATH, headers=headers, timeout=(3.05, 10))
        answer.raise_for_status()
        assert answer.content == BODY
        return time.perf_counter() - start

    client = KalshiClient(base + "/trade-api/v2", Credentials("key", key))
    client.pacer = Pacer()
    client.pacer.use_limits(read=(1e9, 1e9), write=(1e9, 1e9))  # pacing counts, but never waits here

    def ours() -> float:
        start = time.perf_counter()
        assert client.get("/exchange/status") == BODY
        return time.perf_counter() - start

    return ratio(ours, bare, GET_RUNS)


def main() -> None:
    """Print one Markdown table row per measurement."""
    print("| what | ours | bare | ratio | bound |")
    print("|---|---|---|---|---|")
    ours, bare, quotient = ratio(
        lambda: import_seconds(OUR_IMPORT), lambda: import_seconds(BARE_IMPORT), IMPORT_RUNS
    )
    print(f"| import | {ours * 1000:.0f} ms | {bare * 1000:.0f} ms | {quotient:.3f} | 1.25 |")
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        socket.create_connection(("127.0.0.1", port)).close()
        ours, bare, quotient = get_ratio(port)
    finally:
        server.kill()
        server.wait()
    print(f"| signed GET | {ours * 1000:.3f} ms | {bare * 1000:.3f} ms | {quotient:.3f} | 1.05 |")


if __name__ == "__main__":
    main()
