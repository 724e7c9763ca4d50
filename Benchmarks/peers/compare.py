"""Times Semblance and a peer in one run, alternating, so that both meet the same noise of a shared machine.

Each side is a process of its own that says "ready" and then runs once for each line it is sent. They take turns of a
few runs; before a turn both rest, so that the other's threads have stopped spinning, and a turn counts as its median, because
its first run finds cold caches. A comparison keeps every turn, the medians, the quartiles, the ratio (peer / Semblance, above 1 where Semblance is faster) with the
quartiles of the paired ratios, and both peaks of resident memory. The results go to a JSON file.
"""

import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Side:
    def __init__(self, command):
        self.command = command
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        line = self.process.stdout.readline().strip()
        if line != "ready":
            raise RuntimeError(f"{' '.join(command)} said {line!r} instead of being ready")

    def run(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def turn(self, runs):
        return statistics.median(self.run() for _ in range(runs))

    def peak(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=60)


def quartiles(values):
    return statistics.quantiles(values, n=4) if len(values) > 1 else values * 3


def compare(name, ours, peer, peer_name, rounds, runs, pause=0.1):
    """`rounds` turns of `runs` runs for each side; both stay loaded, and the one that waits sleeps."""
    sides = [Side(ours), Side(peer)]
    times = [[], []]
    for round in range(rounds + 2):
        order = (0, 1) if round % 2 == 0 else (1, 0)
        for index in order:
            time.sleep(pause)
            elapsed = sides[index].turn(runs)
            if round >= 2:
                times[index].append(elapsed)
    peaks = [side.peak() for side in sides]
    for side in sides:
        side.close()
    medians = [statistics.median(side) for side in times]
    ratios = [b / a for a, b in zip(*times)]
    result = {
        "name": name,
        "peer": peer_name,
        "rounds": rounds,
        "runs_per_turn": runs,
        "semblance_median_ms": medians[0],
        "peer_median_ms": medians[1],
        "ratio": medians[1] / medians[0],
        "paired_ratio_quartiles": quartiles(ratios),
        "semblance_quartiles_ms": quartiles(times[0]),
        "peer_quartiles_ms": quartiles(times[1]),
        "semblance_peak_bytes": peaks[0],
        "peer_peak_bytes": peaks[1],
        "semblance_times_ms": times[0],
        "peer_times_ms": times[1],
        "semblance_command": " ".join(map(os.path.basename, ours)),
        "peer_command": " ".join(map(os.path.basename, peer)),
    }
    low, _, high = result["paired_ratio_quartiles"]
    print(
        f"{name:34s} semblance {medians[0]:9.2f} ms  {peer_name} {medians[1]:9.2f} ms  ratio {result['ratio']:.2f}"
        f" (quartiles {low:.2f} to {high:.2f})  peak {peaks[0] >> 20} / {peaks[1] >> 20} MiB",
        flush=True,
    )
    return result


def processor():
    with open("/proc/cpuinfo") as info:
        return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("semblance")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", help="run the comparisons whose name contains this")
    parser.add_argument("--python", default=sys.executable, help="a Python with onnxruntime")
    parser.add_argument("--torch-python", help="a Python with torch; without it the training comparison is left out")
    parser.add_argument("--output", help="the JSON file to write")
    arguments = parser.parse_args()

    results = []
    threads = str(arguments.threads)

    def keep(result):
        """Writes what there is so far: a run that is broken off keeps its results."""
        results.append(result)
        if not arguments.output:
            return
        report = {
            "date": datetime.date.today().isoformat(),
            "processor": processor(),
            "system": platform.platform(),
            "threads": arguments.threads,
            "command": " ".join(map(os.path.basename, sys.argv)),
            "results": results,
        }
        os.makedirs(os.path.dirname(os.path.abspath(arguments.output)), exist_ok=True)
        with open(arguments.output, "w") as file:
            json.dump(report, file, indent=1)
            file.write("\n")

    def wanted(name):
        return arguments.only is None or arguments.only in name

    with tempfile.TemporaryDirectory() as folder:

        def model(network):
            path = os.path.join(folder, network + ".onnx")
            if not os.path.exists(path):
                command = [arguments.semblance, "new", "--network", network, "--size", "112", "--output", path]
                subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            return path

        def ours(path, batch, *more):
            common = ["--batch", str(batch), "--device", "cpu", "--threads", threads, "--interactive"]
            return [arguments.semblance, "bench", "--model", path, *common, *more]

        for network, batch, runs in [
            ("iresnet50", 1, 5),
            ("iresnet50", 16, 1),
            ("mobilefacenet", 1, 30),
            ("mobilefacenet", 16, 5),
        ]:
            name = f"{network} inference, batch {batch}"
            if wanted(name):
                peer = [arguments.python, f"{HERE}/onnxruntime_worker.py", model(network), str(batch), threads]
                keep(compare(name, ours(model(network), batch), peer, "onnxruntime", arguments.rounds, runs))

        name = "iresnet18 training step, batch 32"
        if not wanted(name):
            pass
        elif arguments.torch_python is None:
            print(f"{name}: left out, no Python with torch was given (--torch-python)")
        else:

            def torch_side(setting):
                worker = [arguments.torch_python, f"{HERE}/torch_worker.py"]
                return worker + ["iresnet18", "32", threads, "1000", setting]

            # The peer's best setting, by two steps each.
            trials = {}
            for setting in ["contiguous", "channels_last"]:
                side = Side(torch_side(setting))
                trials[setting] = min(side.run() for _ in range(2))
                side.close()
            best = min(trials, key=trials.get)
            print(f"torch: {', '.join(f'{k} {v:.0f} ms' for k, v in trials.items())}; takes {best}", flush=True)
            command = ours(model("iresnet18"), 32, "--training", "--classes", "1000")
            result = compare(name, command, torch_side(best), "torch", arguments.rounds, 1)
            keep(result | {"peer_trials_ms": trials})


main()
