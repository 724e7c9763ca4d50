"""Times Semblance and a peer in one run, alternating, so that both meet the same noise of a shared machine.

Each side is a process of its own that says "ready" and then runs once for each line it is sent. They take turns of a few
runs; before a turn both rest, so that the other's threads have stopped spinning, and a turn counts as its median, because its first
run finds cold caches. A comparison keeps every turn, the medians, the ratio (peer / Semblance, above 1 where Semblance is faster)
with the range of the paired ratios from the 10th to the 90th percentile, and both peaks of resident memory. The results go to a JSON file.
"""

import argparse
import contextlib
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

from rows import GPU_ROWS, ROWS, Missing, Setting


class Side:
    def __init__(self, command):
        self.command = command
        self.errors = tempfile.TemporaryFile(mode="w+")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True
        )
        # What the runs found, where the side says so: the other must find the same.
        self.found = None
        # Libraries may have something to say first.
        while self.read() != "ready":
            pass

    def read(self):
        line = self.process.stdout.readline().strip()
        if line:
            return line
        self.errors.seek(0)
        reason = self.errors.read().strip().splitlines()[-1:] or ["it ended without a word"]
        raise RuntimeError(f"{' '.join(map(str, self.command))}: {reason[0]}")

    def run(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        milliseconds, *found = self.read().split()
        if found:
            self.found = (self.found or 0) + int(found[0])
        return float(milliseconds)

    def turn(self, runs):
        return statistics.median(self.run() for _ in range(runs))

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

    def close(self):
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def spread(values):
    """From the 10th to the 90th percentile."""
    deciles = statistics.quantiles(values, n=10, method="inclusive") if len(values) > 1 else values
    return deciles[0], deciles[-1]


def fastest(peers):
    """The peer's best setting, each tried for a turn of a few runs, and what they took."""
    if len(peers) == 1:
        return next(iter(peers)), {}
    trials = {}
    for name, command in peers.items():
        with contextlib.closing(Side(command)) as side:
            trials[name] = min(side.run() for _ in range(3))
    best = min(trials, key=trials.get)
    print(f"peer's settings: {', '.join(f'{k} {v:.1f} ms' for k, v in trials.items())}; takes {best}", flush=True)
    return best, trials


def compare(row, setting, rounds, pause=0.1):
    """`rounds` turns for each side; both stay loaded, and the one that waits sleeps."""
    ours, peers = row.sides(setting)
    peer, trials = fastest(peers)
    times = [[], []]
    with contextlib.ExitStack() as stack:
        sides = [stack.enter_context(contextlib.closing(Side(command))) for command in (ours, peers[peer])]
        for round in range(rounds + 2):
            order = (0, 1) if round % 2 == 0 else (1, 0)
            for index in order:
                time.sleep(pause)
                elapsed = sides[index].turn(row.runs)
                if round >= 2:
                    times[index].append(elapsed)
        peaks = [side.peak() for side in sides]
    medians = [statistics.median(side) for side in times]
    ratios = [b / a for a, b in zip(*times)]
    result = {
        "name": row.name,
        "peer": peer,
        "rounds": rounds,
        "runs_per_turn": row.runs,
        "semblance_median_ms": medians[0],
        "peer_median_ms": medians[1],
        "ratio": medians[1] / medians[0],
        "paired_ratio_range": spread(ratios),
        "semblance_peak_bytes": peaks[0],
        "peer_peak_bytes": peaks[1],
        "semblance_times_ms": times[0],
        "peer_times_ms": times[1],
        "semblance_command": " ".join(map(os.path.basename, ours)),
        "peer_command": " ".join(map(os.path.basename, peers[peer])),
    }
    if trials:
        result["peer_trials_ms"] = trials
    low, high = result["paired_ratio_range"]
    print(
        f"{row.name:38s} semblance {medians[0]:9.2f} ms  {peer} {medians[1]:9.2f} ms  ratio {result['ratio']:.2f}"
        f" ({low:.2f} to {high:.2f})  peak {peaks[0] >> 20} / {peaks[1] >> 20} MiB",
        flush=True,
    )
    if row.photos:
        photos = setting.per_turn(row.photos)
        result["photos_per_run"] = photos
        rates = [photos * 1e3 / median for median in medians]
        result["semblance_images_per_second"], result["peer_images_per_second"] = rates
        result["semblance_photos_with_face"], result["peer_photos_with_face"] = (side.found for side in sides)
        print(
            f"{'':38s} {rates[0]:.1f} and {rates[1]:.1f} images/s; faces in {sides[0].found} and {sides[1].found}"
            f" of {photos * row.runs * (rounds + 2)} photographs",
            flush=True,
        )
    return result


def processor():
    with open("/proc/cpuinfo") as info:
        return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))


def commit():
    """Of the checked-out sources, marked where they were changed; None outside of a repository."""
    try:
        return subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"],
            cwd=os.path.dirname(os.path.abspath(__file__)), capture_output=True, text=True, check=True,
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def listed(semblance, device):
    """What Semblance says of every device, its name, platform and driver among others; the one that it takes is marked."""
    lines = subprocess.run(
        [semblance, "devices", "--json", "--device", device], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [json.loads(line) for line in lines]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("semblance")
    parser.add_argument("--device", default="cpu", help="of Semblance: cpu, or gpu or opencl:P:D for the comparisons on a GPU")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", help="run the comparisons whose name contains this")
    parser.add_argument("--python", default=sys.executable, help="a Python with the peers of requirements.txt")
    parser.add_argument("--torch-python", help="a Python with torch (and pytorch_ocl, for dlprimitives); without it such comparisons are left out")
    parser.add_argument("--models", help="the folder of the pretrained models")
    parser.add_argument("--photos", help="a folder of photographs")
    parser.add_argument("--output", help="the JSON file to write")
    arguments = parser.parse_args()
    devices = listed(arguments.semblance, arguments.device)
    results = []
    run = {
        "date": datetime.date.today().isoformat(),
        "commit": commit(),
        "processor": processor(),
        "device": next((found for found in devices if found.get("selected")), None),
        "system": platform.platform(),
        "threads": arguments.threads,
        "command": " ".join(map(os.path.basename, sys.argv)),
        "results": results,
    }

    def keep(result):
        """Writes what there is so far: a run that is broken off keeps its results."""
        results.append(result)
        if not arguments.output:
            return
        os.makedirs(os.path.dirname(os.path.abspath(arguments.output)), exist_ok=True)
        with open(arguments.output, "w") as file:
            json.dump(run, file, indent=1)
            file.write("\n")

    failed = False
    with tempfile.TemporaryDirectory() as scratch:
        setting = Setting(
            arguments.semblance,
            arguments.device,
            devices,
            arguments.python,
            arguments.torch_python,
            arguments.threads,
            arguments.models,
            arguments.photos,
            scratch,
        )
        for row in ROWS if arguments.device == "cpu" else GPU_ROWS:
            if arguments.only and arguments.only not in row.name:
                continue
            try:
                keep(compare(row, setting, arguments.rounds))
            except Missing as reason:
                print(f"{row.name}: left out, {reason}", flush=True)
            except (RuntimeError, OSError, subprocess.CalledProcessError) as error:
                failed = True
                print(f"{row.name}: FAILED, {error}", flush=True)
    sys.exit(failed)


main()
