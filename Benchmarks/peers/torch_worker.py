"""PyTorch's side of a comparison: inference, or a training step with ArcFace and SGD as `semblance bench --training` does it. Says
"ready", then works once for each line of standard input and prints the milliseconds.

torch_worker.py DEVICE NETWORK BATCH THREADS CLASSES SETTING...: the device is cpu, cuda or, by dlprimitives, ocl:N; no classes for inference;
settings are any of contiguous, channels_last, compile, tf32 (tensor cores in single precision, off otherwise) and amp (half precision)."""

import contextlib
import importlib
import sys

import torch
import turns
from torch import nn
from torch.nn import functional
from torch_networks import NETWORKS


class ArcFace(nn.Module):
    def __init__(self, classes, embedding=512, scale=64.0, margin=0.5):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(classes, embedding) * 0.01)
        self.scale, self.margin = scale, margin

    def forward(self, embedding, labels):
        cosines = functional.linear(functional.normalize(embedding), functional.normalize(self.weight))
        label = cosines.gather(1, labels[:, None]).clamp(-1 + 1e-7, 1 - 1e-7)
        angle = torch.acos(label) + self.margin
        logits = cosines.scatter(1, labels[:, None], torch.cos(angle))
        return functional.cross_entropy(logits * self.scale, labels)


def main():
    name, network, batch, threads, classes, *settings = *sys.argv[1:3], *map(int, sys.argv[3:6]), *sys.argv[6:]
    if name.startswith("ocl"):
        # What makes the device known to torch.
        importlib.import_module("pytorch_ocl")
    device = torch.device(name)
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = "tf32" in settings
    torch.backends.cudnn.benchmark = True
    model = NETWORKS[network]().to(device)
    images = (torch.rand(batch, 3, 112, 112) * 2 - 1).to(device)
    if "channels_last" in settings:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    forward = torch.compile(model) if "compile" in settings else model
    precision = contextlib.nullcontext()
    if "amp" in settings:
        precision = torch.autocast(device.type, torch.float16 if device.type == "cuda" else torch.bfloat16)

    def inference():
        with torch.inference_mode(), precision:
            # The result's arrival ends the run, as on our side.
            forward(images).float().cpu()

    if not classes:
        model.eval()
        return turns.serve(inference, warm_up=10)

    head = ArcFace(classes).to(device)
    labels = (torch.arange(batch) % classes).to(device)
    parameters = list(model.parameters()) + list(head.parameters())
    optimiser = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, weight_decay=5e-4)
    scaler = torch.amp.GradScaler(device.type, enabled="amp" in settings and device.type == "cuda")

    def step():
        optimiser.zero_grad(set_to_none=True)
        with precision:
            embedding = forward(images)
        loss = head(embedding.float(), labels)
        scaler.scale(loss).backward()
        scaler.unscale_(optimiser)
        nn.utils.clip_grad_norm_(parameters, 5)
        scaler.step(optimiser)
        scaler.update()
        loss.item()

    turns.serve(step, warm_up=1)


main()
