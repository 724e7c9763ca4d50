"""The networks of this field in PyTorch, layer by layer as `semblance new` makes them, with random weights."""

from torch import nn


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


def unit(inputs, outputs, kernel, stride=1, padding=0, groups=1):
    return [
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.PReLU(outputs),
    ]


class Bottleneck(nn.Module):
    def __init__(self, inputs, outputs, expansion, stride):
        super().__init__()
        inner = inputs * expansion
        self.body = nn.Sequential(
            *unit(inputs, inner, 1),
            *unit(inner, inner, 3, stride, 1, groups=inner),
            nn.Conv2d(inner, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return self.body(x) + x if self.adds else self.body(x)


def mobilefacenet(size=112, embedding=128):
    layers = unit(3, 64, 3, 2, 1) + unit(64, 64, 3, 1, 1, groups=64)
    inputs = 64
    for outputs, expansion, repeats, stride in [(64, 2, 5, 2), (128, 4, 1, 2), (128, 2, 6, 1), (128, 4, 1, 2), (128, 2, 2, 1)]:
        for index in range(repeats):
            layers.append(Bottleneck(inputs, outputs, expansion, stride if index == 0 else 1))
            inputs = outputs
    layers += unit(inputs, 512, 1)
    layers += [nn.Conv2d(512, 512, size // 16, groups=512, bias=False), nn.BatchNorm2d(512)]
    layers += [nn.Conv2d(512, embedding, 1, bias=False), nn.BatchNorm2d(embedding), nn.Flatten()]
    return nn.Sequential(*layers)


NETWORKS = {
    "iresnet18": lambda: iresnet([2, 2, 2, 2]),
    "iresnet50": lambda: iresnet([3, 4, 14, 3]),
    "mobilefacenet": mobilefacenet,
}
