"""The peers' side of a comparison: a process that says "ready" and then works once for each line of standard input, and
prints the milliseconds that it took."""

import sys
import time
from pathlib import Path


def serve(work, warm_up=3):
    """What `work` returns, if anything, follows the milliseconds: both sides of a comparison must agree on it."""
    for _ in range(warm_up):
        work()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        result = work()
        milliseconds = (time.perf_counter() - start) * 1e3
        print(milliseconds, "" if result is None else result, flush=True)


class Photos:
    """All photographs below a folder by their paths' bytes, handed out a few at a time, over and over: every side of a comparison
    meets the same ones in the same order."""

    def __init__(self, folder, per_turn):
        files = (path for path in Path(folder).rglob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
        self.paths = sorted((str(path) for path in files), key=lambda path: path.encode())
        if not self.paths:
            sys.exit(f"{folder}: no photographs")
        self.per_turn, self.next = per_turn, 0

    def turn(self):
        chosen = [self.paths[(self.next + index) % len(self.paths)] for index in range(self.per_turn)]
        self.next = (self.next + self.per_turn) % len(self.paths)
        return chosen

    def serve(self, recognise, warm_up=1):
        """`recognise` takes the paths of a turn and returns how many of them show a face. Warming up takes no photographs
        away from the first turn."""

        def work():
            return recognise(self.turn())

        for _ in range(warm_up):
            recognise(self.paths[: self.per_turn])
        serve(work, warm_up=0)
