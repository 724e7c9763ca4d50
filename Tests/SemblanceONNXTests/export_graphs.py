"""Writes Graphs/*.onnx: small networks of this field as PyTorch exports them, in the exporters' several styles, and beside each a
.bin file: a batch of 3 inputs followed by what PyTorch computed from them (raw little-endian float32).

Needs torch, onnx and onnxscript (torch 2.15 wrote the committed files). Run it in this folder.
"""

import os
import warnings

import onnx
import torch
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")


class IResidual(nn.Module):
    """The improved residual block of ArcFace's networks."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs, eps=1e-5)
        self.conv1 = nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs, eps=1e-5)
        self.prelu = nn.PReLU(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, stride, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs, eps=1e-5)
        self.shortcut = None
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = self.bn3(self.conv2(self.prelu(self.bn2(self.conv1(self.bn1(x))))))
        return y + (x if self.shortcut is None else self.shortcut(x))


class IResNet(nn.Module):
    def __init__(self, width=4, size=16, embedding=16):
        super().__init__()
        self.conv1 = nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.prelu = nn.PReLU(width)
        blocks = []
        for stage in range(3):
            inputs, outputs = width << max(0, stage - 1), width << stage
            blocks += [IResidual(inputs, outputs, 2), IResidual(outputs, outputs, 1)]
        self.blocks = nn.Sequential(*blocks)
        self.bn2 = nn.BatchNorm2d(width << 2)
        self.dropout = nn.Dropout(p=0.4)
        self.fc = nn.Linear((width << 2) * (size // 8) ** 2, embedding)
        self.features = nn.BatchNorm1d(embedding)

    def forward(self, x):
        x = self.bn2(self.blocks(self.prelu(self.bn1(self.conv1(x)))))
        return self.features(self.fc(self.dropout(torch.flatten(x, 1))))


class ConvUnit(nn.Sequential):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, groups=1, linear=False):
        layers = [
            nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
            nn.BatchNorm2d(outputs),
        ]
        super().__init__(*layers, *([] if linear else [nn.PReLU(outputs)]))


class Bottleneck(nn.Module):
    def __init__(self, inputs, outputs, stride, expansion):
        super().__init__()
        inner = inputs * expansion
        self.layers = nn.Sequential(
            ConvUnit(inputs, inner, 1),
            ConvUnit(inner, inner, 3, stride, 1, groups=inner),
            ConvUnit(inner, outputs, 1, linear=True),
        )
        self.adds = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.layers(x) if self.adds else self.layers(x)


class MobileFaceNet(nn.Module):
    """With the input's normalisation inside and a normalised embedding."""

    def __init__(self, width=4, size=16, embedding=16):
        super().__init__()
        self.layers = nn.Sequential(
            ConvUnit(3, width, 3, 2, 1),
            ConvUnit(width, width, 3, 1, 1, groups=width),
            Bottleneck(width, width, 2, 2),
            Bottleneck(width, width, 1, 2),
            Bottleneck(width, 2 * width, 2, 4),
            Bottleneck(2 * width, 2 * width, 1, 2),
            ConvUnit(2 * width, 4 * width, 1),
            ConvUnit(4 * width, 4 * width, size // 8, groups=4 * width, linear=True),
        )
        self.linear = nn.Linear(4 * width, embedding, bias=False)
        self.bn = nn.BatchNorm1d(embedding)

    def forward(self, x):
        x = self.layers((x - 0.25) / 0.5)
        x = x.view(x.size(0), -1)
        return F.normalize(self.bn(self.linear(x)))


class Assorted(nn.Module):
    """What else such networks are made of."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 5, 2, (2, 1), dilation=1)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.side = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.norm = nn.BatchNorm2d(24)
        self.single = nn.PReLU()
        self.fc = nn.Linear(24, 12)
        self.mix = nn.Parameter(torch.randn(12, 12))
        self.offset = nn.Parameter(torch.randn(12))

    def forward(self, x):
        x = F.leaky_relu(self.stem(x), 0.1)
        x = F.max_pool2d(x, 3, 2, 1)
        gate = torch.sigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(x, 1)))))
        x = x * gate
        small = F.avg_pool2d(self.side(x), 2)
        large = F.interpolate(small, scale_factor=2, mode="nearest")
        x = torch.cat([x, large, 1 - x], 1)
        x = self.single(self.norm(x)).clamp(min=0)
        x = F.relu(self.fc(x.mean([2, 3])))
        x = torch.matmul(x, self.mix) + self.offset
        return x / x.norm(dim=1, keepdim=True)


class Heads(nn.Module):
    """A detector's form: rows of several outputs from the pixels of two scales."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 3, 2, 1)
        self.down = nn.Conv2d(8, 8, 3, 2, 1)
        self.score = nn.Conv2d(8, 2, 1)
        self.box = nn.Conv2d(8, 4, 1)

    def forward(self, x):
        fine = F.relu(self.stem(x))
        coarse = F.relu(self.down(fine))
        fine = fine + F.interpolate(coarse, scale_factor=2)
        rows = lambda y, n: y.permute(0, 2, 3, 1).reshape(y.shape[0], -1, n)
        scores = torch.cat([rows(self.score(y), 2) for y in (fine, coarse)], 1)
        boxes = torch.cat([rows(self.box(y), 4) for y in (fine, coarse)], 1)
        return torch.sigmoid(scores), boxes


class InceptionUnit(nn.Sequential):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, padding, bias=False), nn.BatchNorm2d(outputs, eps=1e-3), nn.ReLU()
        )


class InceptionBlock(nn.Module):
    """Branches that are joined, scaled down and added to what they branched from (Inception-ResNet's block A)."""

    def __init__(self, width, scale, activates=True):
        super().__init__()
        self.scale = scale
        self.activates = activates
        self.branch0 = InceptionUnit(width, 4, 1)
        self.branch1 = nn.Sequential(InceptionUnit(width, 4, 1), InceptionUnit(4, 4, 3, padding=1))
        self.branch2 = nn.Sequential(
            InceptionUnit(width, 4, 1), InceptionUnit(4, 6, (1, 3), padding=(0, 1)), InceptionUnit(6, 4, (3, 1), padding=(1, 0))
        )
        self.conv = nn.Conv2d(12, width, 1)

    def forward(self, x):
        y = torch.cat([self.branch0(x), self.branch1(x), self.branch2(x)], 1)
        y = self.conv(y) * self.scale + x
        return F.relu(y) if self.activates else y


class InceptionReduction(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.branch0 = InceptionUnit(width, 6, 3, 2)
        self.branch1 = nn.Sequential(InceptionUnit(width, 4, 1), InceptionUnit(4, 6, 3, 2))
        self.pool = nn.MaxPool2d(3, 2)

    def forward(self, x):
        return torch.cat([self.branch0(x), self.branch1(x), self.pool(x)], 1)


class InceptionResNet(nn.Module):
    """FaceNet's form, small: stem, scaled residual blocks, a reduction, a last block without ReLU, a normalised embedding."""

    def __init__(self, embedding=16):
        super().__init__()
        self.stem = nn.Sequential(InceptionUnit(3, 8, 3, 1, 1), nn.MaxPool2d(3, 2))
        self.blocks = nn.Sequential(InceptionBlock(8, 0.17), InceptionBlock(8, 0.17))
        self.reduction = InceptionReduction(8)
        self.last = InceptionBlock(20, 1.0, activates=False)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.6)
        self.linear = nn.Linear(20, embedding, bias=False)
        self.bn = nn.BatchNorm1d(embedding, eps=1e-3)

    def forward(self, x):
        x = self.dropout(self.pool(self.last(self.reduction(self.blocks(self.stem(x))))))
        return F.normalize(self.bn(self.linear(x.view(x.shape[0], -1))), p=2, dim=1)


class Variety(nn.Module):
    """What other embedders have: max-feature-map, squeeze and excitation, attention, generalised mean, padding, bilinear upsampling."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3)
        self.squeeze = nn.Conv2d(8, 4, 1)
        self.excite = nn.Conv2d(4, 8, 1)
        self.side = nn.Conv2d(8, 8, 3, 2, 1)
        self.attention = nn.Conv2d(8, 1, 1)
        self.fc = nn.Linear(24, 12)

    def forward(self, x):
        x = self.stem(F.pad(x, (1, 1, 1, 1), mode="reflect"))
        x = torch.max(*torch.split(x, 8, 1))
        gate = F.hardsigmoid(self.excite(F.relu6(self.squeeze(x.mean((2, 3), keepdim=True)))))
        x = F.hardswish(x * gate)
        x = x + torch.tanh(F.interpolate(self.side(x), scale_factor=2, mode="bilinear", align_corners=False))
        x = F.pad(x, (0, 1, 1, 0), value=0.5)
        weights = torch.softmax(self.attention(x).flatten(2), -1)
        pooled = (x.flatten(2) * weights).sum(-1)
        general = x.clamp(min=1e-3).pow(3).mean((2, 3)).pow(1 / 3)
        largest = x.amax((2, 3)) / (x.std((2, 3), unbiased=False) + 1)
        x = self.fc(torch.cat([pooled, general, largest], 1))
        return x / torch.sqrt(torch.sum(x**2, 1, keepdim=True) + 1e-6)


def randomise(model):
    """Statistics and slopes that are not their starting values."""
    for module in model.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.uniform_(module.bias, -0.3, 0.3)
            nn.init.uniform_(module.running_mean, -0.3, 0.3)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
        if isinstance(module, nn.PReLU):
            nn.init.uniform_(module.weight, -0.2, 0.5)
    return model


def strip(path):
    """Leaves out the stack traces and the shapes of inner values that exporters add."""
    model = onnx.load(path)
    del model.graph.value_info[:]
    for part in [model, model.graph] + list(model.graph.node) + list(model.graph.input) + list(model.graph.output):
        del part.metadata_props[:]
        part.doc_string = ""
    for tensor in model.graph.initializer:
        del tensor.metadata_props[:]
    onnx.save(model, path)


def export(name, network, opset, *, keep=False, dynamic=True, dynamo=False):
    """keep: leave batch norms and dropout as they are, for training on."""
    torch.manual_seed(sum(name.encode()))
    model = randomise(network()).eval()
    inputs = torch.rand(3, 3, 16, 16) * 2 - 1
    with torch.no_grad():
        outputs = model(inputs)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    names = ["output"] if len(outputs) == 1 else [f"output{index}" for index in range(len(outputs))]
    options = dict(input_names=["input"], output_names=names, opset_version=opset, dynamo=dynamo)
    if dynamo:
        options.update(external_data=False, verbose=False)
        if dynamic:
            options["dynamic_shapes"] = ({0: torch.export.Dim("batch")},)
        sample = inputs if dynamic else inputs[:1]
    else:
        mode = torch.onnx.TrainingMode
        options.update(do_constant_folding=not keep, training=mode.PRESERVE if keep else mode.EVAL)
        if dynamic:
            options["dynamic_axes"] = {key: {0: "batch"} for key in ["input"] + names}
        sample = inputs[:1]
    torch.onnx.export(model, (sample,), f"Graphs/{name}.onnx", **options)
    strip(f"Graphs/{name}.onnx")
    with open(f"Graphs/{name}.bin", "wb") as file:
        for tensor in (inputs,) + outputs:
            file.write(tensor.numpy().astype("<f4").tobytes())
    assert os.path.getsize(f"Graphs/{name}.onnx") < 200_000


os.makedirs("Graphs", exist_ok=True)
export("iresnet-opset11", IResNet, 11)
export("iresnet-training-opset17", IResNet, 17, keep=True)
export("iresnet-fixed-opset9", IResNet, 9, dynamic=False)
export("iresnet-dynamo-opset20", IResNet, 20, dynamo=True)
export("mobilefacenet-opset17", MobileFaceNet, 17)
export("mobilefacenet-training-opset12", MobileFaceNet, 12, keep=True)
export("mobilefacenet-dynamo-opset18", MobileFaceNet, 18, dynamo=True)
export("assorted-opset13", Assorted, 13)
export("assorted-dynamo-opset18", Assorted, 18, dynamo=True)
export("heads-opset16", Heads, 16)
export("heads-dynamo-opset21", Heads, 21, dynamo=True)
export("inception-opset11", InceptionResNet, 11)
export("inception-dynamo-opset20", InceptionResNet, 20, dynamo=True)
export("inception-training-opset14", InceptionResNet, 14, keep=True)
export("variety-opset14", Variety, 14)
export("variety-dynamo-opset20", Variety, 20, dynamo=True)
