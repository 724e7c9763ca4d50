"""Writes Benchmarks/README.md and its roofline from the results that are kept: page.py [--layers BENCH.json].

Tables come from results/*.json, newest first. A roofline comes from what `semblance bench --ceilings --profile --json` printed; without
one the last is kept."""

import argparse
import glob
import json
import math
import os

HERE = os.path.dirname(os.path.abspath(__file__))
INTRODUCTION = """# Benchmarks

`make bench` times Semblance and its peers in one run, both sides taking turns on the same threads ([peers/](peers)); `semblance bench` times one
model; `bench compare BEFORE AFTER` compares two files of results. A ratio above 1 means that Semblance is faster; the range is that
of the turns' paired ratios from the 10th to the 90th percentile, and tells the machine's noise. Raw times are in [results/](results). This page is written by
`python3 Benchmarks/page.py`.

**GPU: not measured.** [gpu.sh](gpu.sh), which travels in the archive that `make bundle` makes, measures all there is to know about one.
Peers there are PyTorch with CUDA, and PyTorch on OpenCL by dlprimitives. The latter is the Python package `pytorch_ocl` of the project pytorch_dlprim, for
PyTorch without CUDA, so that it takes an environment and a run of its own: `compare.py semblance --device gpu --torch-python PYTHON --only
dlprimitives`. Its operators are fewer: some run on the CPU. What an environment lacks is left out, with the reason.
"""


def amount(result):
    """Our median and the peer's, in the unit that tells most."""
    if "semblance_images_per_second" in result:
        return f"{result['semblance_images_per_second']:.1f} images/s", f"{result['peer_images_per_second']:.1f} images/s"
    return tuple(f"{result[side + '_median_ms']:.4g} ms" for side in ("semblance", "peer"))


def table(path):
    with open(path) as file:
        run = json.load(file)
    command = run["command"] if isinstance(run["command"], str) else " ".join(run["command"])
    device = run.get("device") or {}
    name = device.get("name") or run["processor"]
    details = [f"{run['threads']} threads"]
    if device.get("driver"):
        details.append(f"{device['platform']} {device['driver']}")
    if run.get("commit"):
        details.append(f"commit {run['commit']}")
    lines = [
        f"## {run['date']}, {name}",
        "",
        f"{', '.join(details)}; [raw times](results/{os.path.basename(path)}) of `{command}`",
        "",
        "| what | Semblance | peer | ratio (10-90 %) | peak memory, MiB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for result in run["results"]:
        ours, theirs = amount(result)
        low, high = result["paired_ratio_range"]
        peaks = " / ".join(str(result[side + "_peak_bytes"] >> 20) for side in ("semblance", "peer"))
        lines.append(
            f"| {result['name']} | {ours} | {result['peer']}: {theirs} | {result['ratio']:.2f} ({low:.2f} to {high:.2f}) | {peaks} |"
        )
    return "\n".join(lines) + "\n"


class Roofline:
    """Layers of a network between the two ceilings of a device, on logarithmic axes."""

    WIDTH, HEIGHT, LEFT, BOTTOM = 720, 420, 64, 52

    def __init__(self, report):
        self.report = report
        self.product, self.copy = (report["ceilings"][name] for name in ("product", "copy"))
        self.points = [
            (layer["operations"] / layer["bytes"], layer["operations"] / layer["seconds"], layer)
            for layer in report["layers"]
            if layer["operations"] and layer["seconds"] > 0
        ]
        ridge = self.product / self.copy
        self.low = min([point[0] for point in self.points] + [ridge]) / 2
        self.high = max([point[0] for point in self.points] + [ridge]) * 2
        self.top = max([self.product] + [point[1] for point in self.points]) * 1.5
        self.floor = min(min(point[1] for point in self.points), self.copy * self.low) / 2

    def x(self, intensity):
        part = math.log(intensity / self.low) / math.log(self.high / self.low)
        return self.LEFT + part * (self.WIDTH - self.LEFT - 16)

    def y(self, rate):
        part = math.log(rate / self.floor) / math.log(self.top / self.floor)
        return self.HEIGHT - self.BOTTOM - part * (self.HEIGHT - self.BOTTOM - 36)

    def svg(self):
        report, ridge = self.report, self.product / self.copy
        title = f"{report['network']}, batch {report['batch']}, on {report['device_name']}"
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" font-family="sans-serif" font-size="12">',
            f'<rect width="{self.WIDTH}" height="{self.HEIGHT}" fill="white"/>',
            f'<text x="{self.LEFT}" y="20" font-size="14">{title}</text>',
        ]
        for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1):
            x = self.x(10.0**power)
            parts.append(f'<line x1="{x:.1f}" y1="30" x2="{x:.1f}" y2="{self.HEIGHT - self.BOTTOM}" stroke="#ddd"/>')
            parts.append(f'<text x="{x:.1f}" y="{self.HEIGHT - self.BOTTOM + 16}" text-anchor="middle">{10.0**power:g}</text>')
        for power in range(math.ceil(math.log10(self.floor)), math.floor(math.log10(self.top)) + 1):
            y = self.y(10.0**power)
            parts.append(f'<line x1="{self.LEFT}" y1="{y:.1f}" x2="{self.WIDTH - 16}" y2="{y:.1f}" stroke="#ddd"/>')
            parts.append(f'<text x="{self.LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0 ** (power - 9):g}</text>')
        roof = [(self.low, self.copy * self.low), (ridge, self.product), (self.high, self.product)]
        line = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in roof)
        parts.append(f'<polyline points="{line}" fill="none" stroke="#c33" stroke-width="2"/>')
        for intensity, rate, layer in self.points:
            radius = 2 + 10 * math.sqrt(layer["seconds"] * 1e3 / report["median_ms"])
            parts.append(
                f'<circle cx="{self.x(intensity):.1f}" cy="{self.y(rate):.1f}" r="{radius:.1f}" fill="#36c" fill-opacity="0.45">'
                f"<title>{layer['operation']} {layer['name']}: {layer['seconds'] * 1e3:.3f} ms</title></circle>"
            )
        parts += [
            f'<text x="{(self.LEFT + self.WIDTH) / 2}" y="{self.HEIGHT - 12}" text-anchor="middle">operations a byte of inputs, weights and outputs</text>',
            f'<text transform="translate(14 {self.HEIGHT / 2}) rotate(-90)" text-anchor="middle">GFLOP/s</text>',
            "</svg>",
        ]
        return "\n".join(parts) + "\n"

    def section(self):
        report = self.report
        command = f"semblance bench --model {os.path.basename(report['model'])} --batch {report['batch']} --ceilings --profile --json"
        return (
            "## Roofline\n\n![Roofline](roofline.svg)\n\n"
            f"Each disc is a layer of {report['network']} at batch {report['batch']}, its area the layer's share of {report['median_ms']:.1f} ms; the line is what "
            f"the device reached in the same run: {self.product / 1e9:.0f} GFLOP/s in a large product, {self.copy / 1e9:.1f} GB/s in a copy. Layers whose data "
            f"stay in a cache lie above the slope, and Winograd's products above the roof. `{command}` on {report['device_name']} "
            f"({report['platform']} {report['driver']}).\n"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", help="what `semblance bench --ceilings --profile --json` printed")
    arguments = parser.parse_args()
    kept = os.path.join(HERE, "results", "roofline", "layers.json")
    source = arguments.layers or kept
    parts = [INTRODUCTION]
    if os.path.exists(source):
        with open(source) as file:
            report = json.loads(file.readline())
        report["model"] = os.path.basename(report["model"])
        roofline = Roofline(report)
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        with open(kept, "w") as file:
            file.write(json.dumps(report) + "\n")
        with open(os.path.join(HERE, "roofline.svg"), "w") as file:
            file.write(roofline.svg())
        parts.append(roofline.section())
    parts += [table(path) for path in sorted(glob.glob(os.path.join(HERE, "results", "*.json")), reverse=True)]
    with open(os.path.join(HERE, "README.md"), "w") as file:
        file.write("\n".join(parts))


if __name__ == "__main__":
    main()
