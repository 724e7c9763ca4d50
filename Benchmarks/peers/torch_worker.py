"""PyTorch's side of a comparison: a training step of IResNet with ArcFace and SGD, as `semblance bench --training`
does it. Says "ready", then makes one step for each line of standard input and prints the milliseconds."""

import sys

import torch
import turns
from torch import nn
from torch.nn import functional


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.body = nn.Sequential(
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.PReLU(outputs),
            nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.shortcut = nn.Sequential()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        return self.body(x) + self.shortcut(x)


def iresnet(blocks, size=112, embedding=512):
    layers = [nn.Conv2d(3, 64, 3, 1, 1, bias=False), nn.BatchNorm2d(64), nn.PReLU(64)]
    inputs = 64
    for outputs, count in zip([64, 128, 256, 512], blocks):
        for index in range(count):
            layers.append(Block(inputs, outputs, 2 if index == 0 else 1))
            inputs = outputs
    layers += [
        nn.BatchNorm2d(512), nn.Flatten(), nn.Linear(512 * (size // 16) ** 2, embedding), nn.BatchNorm1d(embedding),
    ]
    return nn.Sequential(*layers)


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
    network, batch, threads, classes, setting = sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5]
    torch.manual_seed(1)
    torch.set_num_threads(threads)
    blocks = {"iresnet18": [2, 2, 2, 2], "iresnet50": [3, 4, 14, 3]}[network]
    model, head = iresnet(blocks), ArcFace(classes)
    images = torch.rand(batch, 3, 112, 112) * 2 - 1
    labels = torch.arange(batch) % classes
    if "channels_last" in setting:
        model = model.to(memory_format=torch.channels_last)
        images = images.contiguous(memory_format=torch.channels_last)
    forward = torch.compile(model) if "compile" in setting else model
    parameters = list(model.parameters()) + list(head.parameters())
    optimiser = torch.optim.SGD(parameters, lr=1e-3, momentum=0.9, weight_decay=5e-4)

    def step():
        optimiser.zero_grad(set_to_none=True)
        loss = head(forward(images), labels)
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 5)
        optimiser.step()
        loss.item()

    turns.serve(step, warm_up=1)


main()
