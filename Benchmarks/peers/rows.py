"""The table of comparisons. A row says how Semblance is run and how the peer is, in each setting that might be its best."""

import functools
import os
import subprocess
from dataclasses import dataclass
from typing import Callable

from turns import Photos

HERE = os.path.dirname(os.path.abspath(__file__))


class Missing(Exception):
    """Why a row cannot be run here."""


@dataclass
class Setting:
    """What the rows need to know about this run."""

    semblance: str
    # As `--device` takes it.
    device: str
    # What Semblance says of every device; the one that it takes is marked as selected.
    devices: list
    python: str
    torch_python: str | None
    threads: int
    # Holds yunet.onnx and sface.onnx.
    models: str | None
    # A folder of photographs.
    photos: str | None
    # For files that are made on the way.
    scratch: str

    def bench(self, *arguments, command="bench"):
        common = ["--device", self.device, "--threads", str(self.threads), "--interactive"]
        return [self.semblance, command, *map(str, arguments), *common]

    def worker(self, script, *arguments):
        return [self.python, os.path.join(HERE, script), *map(str, arguments)]

    def onnxruntime(self, model, batch):
        return self.worker("onnxruntime_worker.py", model, batch, self.threads)

    def opencv(self, model, size, batch=1):
        options = ["--size", size, "--batch", batch, "--threads", self.threads]
        return self.worker("opencv_worker.py", "network", model, *options)

    def new(self, network):
        """A fresh model of ours."""
        path = os.path.join(self.scratch, network + ".onnx")
        if not os.path.exists(path):
            command = [self.semblance, "new", "--network", network, "--size", "112", "--output", path]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        return path

    def pretrained(self, name):
        """As it is published: what Semblance reads."""
        path = os.path.join(self.models or "", name + ".onnx")
        if not self.models or not os.path.exists(path):
            raise Missing(f"there is no {path}: `make models` fetches it")
        return path

    def dequantised(self, name):
        """In fp32, for peers that cannot run the published file."""
        path = os.path.join(self.scratch, name + "-fp32.onnx")
        if not os.path.exists(path):
            subprocess.run(self.worker("dequantise.py", self.pretrained(name), path), check=True, stdout=subprocess.DEVNULL)
        return path

    def quantised(self, model, *options):
        """With 8-bit operands; the levels come from the photographs, or from their faces where a detector is among the options."""
        path = os.path.join(self.scratch, os.path.basename(model).removesuffix(".onnx") + "-int8.onnx")
        if not os.path.exists(path):
            command = [self.semblance, "quantise", self.photographs(), "--model", model, *options, "--output", path]
            made = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if made.returncode != 0:
                # The sample photographs show too few faces for levels.
                raise Missing((made.stderr.strip().splitlines() or ["quantise failed"])[-1])
        return path

    def photographs(self):
        if not self.photos or not os.path.isdir(self.photos):
            raise Missing("no folder of photographs was given (--photos)")
        return self.photos

    def per_turn(self, photos):
        """Where there are few photographs, all of them are a turn."""
        return min(photos, len(Photos(self.photographs(), photos).paths))


@dataclass
class Row:
    name: str
    # Runs in a turn; a turn counts as their median.
    runs: int
    # Our command and, by name, the settings of the peer; the fastest of them, by trial, is compared.
    sides: Callable[[Setting], tuple[list, dict]]
    # Photographs in a run.
    photos: int = 0


def inference(network, batch, runs):
    def sides(setting):
        path = setting.new(network)
        ours = setting.bench("--model", path, "--batch", batch)
        return ours, {"onnxruntime": setting.onnxruntime(path, batch)}

    return Row(f"{network} inference, batch {batch}", runs, sides)


# Our side's arguments, by whether activations are in half.
HALF = {False: [], True: ["--precision", "half"]}
# What a row's name says of our operands; peers compute in fp32.
OPERANDS = {False: "", True: ", 8-bit operands against fp32"}


def against_all(network, batch, runs, quantised=False):
    """Beside the best of all that computes a fresh model in fp32: PyTorch too, where there is one."""

    def sides(setting):
        path = setting.new(network)
        ours = setting.quantised(path) if quantised else path
        peers = {"onnxruntime": setting.onnxruntime(path, batch), "opencv": setting.opencv(path, 112, batch)}
        if setting.torch_python:
            peers |= torch(setting, network, batch, 0, "contiguous", "channels_last")
        return setting.bench("--model", ours, "--batch", batch), peers

    return Row(f"{network} inference, batch {batch}{OPERANDS[quantised]}", runs, sides)


@functools.cache
def obstacle(python, statements):
    """Why a Python with torch lacks what these statements need; None where they run."""
    if python is None:
        return "no Python with torch was given (--torch-python)"
    tried = subprocess.run([python, "-c", statements], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if tried.returncode == 0:
        return None
    why = (tried.stderr.strip().splitlines() or [f"it ended with {tried.returncode}"])[-1]
    return f"{python} cannot run `{statements}`: {why}"


def torch_worker(setting, needed, device, network, batch, classes, *settings):
    """PyTorch on a device that takes `needed`, statements of Python."""
    if reason := obstacle(setting.torch_python, needed):
        raise Missing(reason)
    worker = [setting.torch_python, os.path.join(HERE, "torch_worker.py"), device, network]
    return [*worker, *map(str, [batch, setting.threads, classes]), *settings]


def torch(setting, network, batch, classes, *choices):
    """PyTorch's sides, by the settings of each."""
    needed, device = ("import torch", "cpu") if setting.device == "cpu" else ("import torch; torch.cuda.init()", "cuda")
    common = [setting, needed, device, network, batch, classes]
    return {f"torch {choice}": torch_worker(*common, *choice.split()) for choice in choices}


def dlprimitives(network, batch, runs, classes=0):
    """PyTorch on OpenCL beside ours on the same device: inference, or training with so many classes."""

    def sides(setting):
        # It numbers the devices of all platforms in one row.
        opencl = [device for device in setting.devices if device["identifier"] != "cpu"]
        number = next((number for number, device in enumerate(opencl) if device.get("selected")), None)
        if number is None:
            raise Missing("Semblance takes no OpenCL device")
        training = ["--training", "--classes", classes] if classes else []
        ours = setting.bench("--model", setting.new(network), "--batch", batch, *training)
        peer = torch_worker(setting, "import pytorch_ocl", f"ocl:{number}", network, batch, classes)
        return ours, {"dlprimitives": peer}

    return Row(f"{network} {'training step' if classes else 'inference'}, batch {batch}, dlprimitives", runs, sides)


def training(network, batch, classes=1000, half=False):
    """In single precision on both sides, or in half."""

    def sides(setting):
        numbers = ["--batch", batch, "--training", "--classes", classes]
        ours = setting.bench("--model", setting.new(network), *numbers, *HALF[half])
        choices = ["channels_last amp"] if half else ["contiguous", "channels_last"]
        return ours, torch(setting, network, batch, classes, *choices)

    return Row(f"{network} training step, batch {batch}{', in half, torch amp' if half else ''}", 1, sides)


def against_torch(network, batch, runs, *choices, half=False):
    """Inference beside the best of some of PyTorch's settings. Single precision on both sides, unless they say otherwise."""

    def sides(setting):
        ours = setting.bench("--model", setting.new(network), "--batch", batch, *HALF[half])
        return ours, torch(setting, network, batch, 0, *choices)

    ours = ", in half" if half else ""
    return Row(f"{network} inference, batch {batch}{ours}, torch {' or '.join(choices)}", runs, sides)


def pretrained(title, name, size, runs, quantised=False):
    """Peers compute in fp32, also against our 8-bit operands."""

    def sides(setting):
        model, ours = setting.dequantised(name), setting.pretrained(name)
        if quantised:
            ours = setting.quantised(ours, "--detector", setting.pretrained("yunet"))
        peers = {"opencv": setting.opencv(model, size), "onnxruntime": setting.onnxruntime(model, 1)}
        return setting.bench("--model", ours, "--batch", 1), peers

    return Row(f"{title} inference, {size}x{size}, batch 1{OPERANDS[quantised]}", runs, sides)


def our_pipeline(setting, photos):
    models = ["--detector", setting.pretrained("yunet"), "--model", setting.pretrained("sface")]
    return setting.bench("--photos", setting.photographs(), *models, "--per-turn", setting.per_turn(photos))


def opencv_pipeline(photos):
    def sides(setting):
        worker = ["opencv_worker.py", "pipeline", setting.dequantised("yunet"), setting.dequantised("sface")]
        worker += [setting.photographs(), "--per-turn", setting.per_turn(photos), "--threads", setting.threads, "--parallel"]
        peers = {f"opencv, threads share {what}": setting.worker(*worker, what) for what in ["operations", "photos"]}
        return our_pipeline(setting, photos), peers

    return Row("photo file to embedding", 1, sides, photos=photos)


def face_recognition_pipeline(photos):
    def sides(setting):
        peer = setting.worker("face_recognition_worker.py", setting.photographs(), setting.per_turn(photos))
        return our_pipeline(setting, photos), {"face_recognition": peer}

    return Row("photo file to embedding (dlib)", 1, sides, photos=photos)


def search(queries, k, runs, faces=1_000_000, dimension=512):
    def sides(setting):
        ours = ["--faces", faces, "--dimension", dimension, "--batch", queries, "-k", k]
        peer = setting.worker("faiss_worker.py", faces, dimension, queries, k, setting.threads)
        # On a busy machine its threads must not spin long, which our own program sees to by itself.
        peers = {"faiss IndexFlatIP": peer, "faiss IndexFlatIP, short spins": ["env", "GOMP_SPINCOUNT=1000", *peer]}
        return setting.bench(*ours, command="bench-search"), peers

    return Row(f"search {faces} x {dimension}, {queries} queries, k {k}", runs, sides)


ROWS = [
    inference("iresnet50", 1, runs=5),
    inference("iresnet50", 16, runs=1),
    inference("iresnet50", 64, runs=1),
    *(against_all("mobilefacenet", *numbers, quantised) for quantised in [False, True] for numbers in [(1, 30), (16, 5)]),
    *(against_all("mobilefacenet", batch, 1) for batch in [64, 256]),
    pretrained("SFace", "sface", 112, runs=20),
    pretrained("SFace", "sface", 112, runs=20, quantised=True),
    pretrained("YuNet", "yunet", 640, runs=20),
    opencv_pipeline(photos=50),
    face_recognition_pipeline(photos=10),
    *(against_torch("iresnet50", batch, 3, "contiguous", "channels_last") for batch in [1, 16]),
    *(training(network, 32) for network in ["iresnet18", "iresnet50"]),
    *(search(queries, 10, runs) for queries, runs in [(1, 3), (32, 1), (256, 1)]),
]

# Single precision without tensor cores, then half on both sides, and PyTorch with tensor cores beside our single precision, for the record. At the
# end the other one that trains on OpenCL.
GPU_ROWS = [
    *(against_torch("iresnet50", batch, 10, "contiguous", "channels_last") for batch in [1, 64, 256]),
    *(against_torch("mobilefacenet", batch, 20, "contiguous", "channels_last") for batch in [1, 64, 256]),
    *(training(network, 64) for network in ["iresnet18", "iresnet50"]),
    *(against_torch(network, batch, 10, "channels_last amp", half=True) for network in ["iresnet50", "mobilefacenet"] for batch in [1, 64, 256]),
    *(training(network, 64, half=True) for network in ["iresnet18", "iresnet50"]),
    *(against_torch("iresnet50", batch, 10, "channels_last tf32", "channels_last amp") for batch in [64, 256]),
    *(dlprimitives(network, batch, 5) for network in ["iresnet50", "mobilefacenet"] for batch in [1, 64]),
    dlprimitives("iresnet18", 64, 1, classes=1000),
]
