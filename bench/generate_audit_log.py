"""Writes a synthetic audit log of a busy cluster, as kube-apiserver would.

    python -m bench.generate_audit_log --events 1000000 --out /tmp/audit.jsonl

The same seed and number of events give the same bytes. Memory stays constant: requests are
rendered once as templates, and only events that are still to come are held.
"""

import argparse
import heapq
import os
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from bench.audit_model.cluster import make_cluster
from bench.audit_model.traffic import RECEIVED, STARTED, Variant, render

START = 1_793_612_400_000_000  # 2026-11-02T07:00:00Z, in microseconds since the epoch
REQUESTS_PER_SECOND = 220.0
LETTERS = "bcdfghjklmnpqrstvwxz2456789"  # what Kubernetes makes names of
BLOCK = 512
Pending = tuple[int, int, str, dict[str, object]]


def micro_time(micros: int, seconds: dict[int, str]) -> str:
    """Kubernetes' MicroTime; the text of the current second is kept in `seconds`."""
    second, rest = divmod(micros, 1_000_000)
    text = seconds.get(second)
    if text is None:
        seconds.clear()
        text = seconds[second] = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
    return f"{text}.{rest:06d}Z"


def random_uuid(rng: random.Random) -> str:
    """A version 4 UUID, without the cost of the uuid module."""
    text = f"{rng.getrandbits(128):032x}"
    variant = "89ab"[int(text[16], 16) & 3]
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{variant}{text[17:20]}-{text[20:]}"


def due_times(variant: Variant, now: int, rng: random.Random) -> Iterator[tuple[int, str]]:
    """When each event of a request is written, in microseconds, with its template."""
    took = int(variant.seconds * 1e6 * (0.4 + rng.expovariate(1.6)))
    for stage, text in variant.events:
        if stage == RECEIVED:
            yield now, text
        elif stage == STARTED:
            yield now + 1_000 + took % 4_000, text
        else:
            yield now + 300 + took, text


def lines(seed: int) -> Iterator[str]:
    """Endless events, in the order in which the API server would write them."""
    rng = random.Random(seed)
    kinds, weights = render(rng, make_cluster(rng))
    pending: list[Pending] = []
    seconds: dict[int, str] = {}
    now, number, version = START, 0, 88_412_067
    while True:
        for variants in rng.choices(kinds, weights, k=BLOCK):
            now += int(rng.expovariate(REQUESTS_PER_SECOND) * 1e6)
            version += rng.randrange(3)
            variant = variants[int(rng.random() * len(variants))]
            values: dict[str, object] = {
                "a": random_uuid(rng),
                "r": micro_time(now, seconds),
                "u": random_uuid(rng),
                "v": version,
                "s": "".join(rng.choices(LETTERS, k=5)),
            }
            for due, text in due_times(variant, now, rng):
                number += 1
                heapq.heappush(pending, (due, number, text, values))
            while pending and pending[0][0] <= now:
                due, _, text, values = heapq.heappop(pending)
                values["t"] = micro_time(due, seconds)
                yield text % values


def write(out: BinaryIO, events: int, seed: int) -> int:
    """Writes that many events as JSON lines; gives the number of bytes."""
    total, block = 0, []
    source = lines(seed)
    for _ in range(events):
        block.append(next(source))
        if len(block) == BLOCK:
            total += out.write(("\n".join(block) + "\n").encode())
            block.clear()
    if block:
        total += out.write(("\n".join(block) + "\n").encode())
    out.flush()
    return total


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Writes a synthetic Kubernetes audit log.")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", default="-", help="file to write, - for standard output")
    args = parser.parse_args()
    begin = time.monotonic()
    try:
        if args.out == "-":
            size = write(sys.stdout.buffer, args.events, args.seed)
        else:
            path = Path(args.out)
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as out:
                size = write(out, args.events, args.seed)
    except BrokenPipeError:  # the reader had enough, for example `head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    took = time.monotonic() - begin
    mean = size / max(1, args.events)
    print(
        f"{args.events} events, {size} bytes, {mean:.0f} on average, {took:.1f} s", file=sys.stderr
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
