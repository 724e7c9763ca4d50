#!/usr/bin/env python3
"""Writes Vectors/*.json: small inputs and what PyTorch makes of them, forward and backward.

Needs torch and numpy; the tests need neither. Inputs are float32, PyTorch computes in float64, so that the vectors are
right to the last float32 digit:  python3 generate_torch_vectors.py
"""

import json
import math
import pathlib

import torch
import torch.nn.functional as F

FOLDER = pathlib.Path(__file__).parent / "Vectors"


def tensor(*shape, low=None, high=None):
    """A random tensor whose elements are float32 numbers, held in float64."""
    values = torch.randn(*shape) if low is None else low + (high - low) * torch.rand(*shape)
    return values.to(torch.float32).to(torch.float64)


def leaf(*shape, **range_):
    return tensor(*shape, **range_).requires_grad_()


def pack(value):
    value = value.detach()
    return {
        "shape": list(value.shape) or [1],
        "values": [float(f"{x:.9g}") for x in value.reshape(-1).tolist()],
    }


class Vectors:
    def __init__(self, name, seed):
        self.name, self.cases = name, []
        torch.manual_seed(seed)

    def add(self, name, attributes, **tensors):
        self.cases.append(
            {
                "name": name,
                "attributes": attributes,
                "tensors": {key: pack(value) for key, value in tensors.items()},
            }
        )

    def write(self):
        FOLDER.mkdir(exist_ok=True)
        path = FOLDER / f"{self.name}.json"
        text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in self.cases)
        path.write_text(f"[\n{text}\n]\n")
        print(f"{path.name}: {len(self.cases)} cases, {path.stat().st_size} bytes")


def convolutions():
    vectors = Vectors("convolution", 1)
    # x, filters, kernel, stride, padding, dilation, groups
    cases = [
        ((1, 1, 4, 4), 1, (3, 3), (1, 1), (1, 1), (1, 1), 1),
        ((2, 3, 7, 6), 4, (3, 3), (1, 1), (1, 1), (1, 1), 1),
        ((2, 3, 9, 8), 5, (3, 3), (2, 2), (1, 1), (1, 1), 1),
        ((1, 4, 9, 9), 6, (3, 3), (1, 1), (2, 2), (2, 2), 2),
        ((2, 4, 8, 7), 4, (3, 3), (2, 2), (1, 1), (1, 1), 4),
        ((1, 3, 6, 8), 6, (3, 5), (1, 2), (0, 2), (1, 1), 3),
        ((3, 5, 5, 5), 7, (1, 1), (2, 2), (0, 0), (1, 1), 1),
        ((1, 2, 10, 11), 3, (3, 2), (2, 3), (3, 1), (3, 2), 1),
    ]
    for shape, filters, kernel, stride, padding, dilation, groups in cases:
        x, bias = leaf(*shape), leaf(filters)
        weight = leaf(filters, shape[1] // groups, *kernel)
        y = F.conv2d(x, weight, bias, stride, padding, dilation, groups)
        dy = tensor(*y.shape)
        y.backward(dy)
        attributes = {
            "kernelHeight": kernel[0], "kernelWidth": kernel[1], "strideHeight": stride[0],
            "strideWidth": stride[1], "paddingHeight": padding[0], "paddingWidth": padding[1],
            "dilationHeight": dilation[0], "dilationWidth": dilation[1], "groups": groups,
        }
        vectors.add(
            f"{shape} to {filters}, kernel {kernel}, stride {stride}, dilation {dilation}, groups {groups}",
            attributes, x=x, weight=weight, bias=bias, y=y, dy=dy, dx=x.grad, dweight=weight.grad,
            dbias=bias.grad,
        )
    vectors.write()


def batch_norms():
    vectors = Vectors("batchNorm", 2)
    for shape in [(2, 3, 4, 5), (6, 4), (1, 2, 3, 3), (4, 5, 2, 2)]:
        for training in [True, False]:
            channels, momentum, epsilon = shape[1], 0.1, 1e-5
            x, gamma, beta = leaf(*shape), leaf(channels, low=0.5, high=1.5), leaf(channels)
            mean, variance = tensor(channels), tensor(channels, low=0.5, high=2)
            before = (mean.clone(), variance.clone())
            y = F.batch_norm(x, mean, variance, gamma, beta, training, momentum, epsilon)
            dy = tensor(*y.shape)
            y.backward(dy)
            vectors.add(
                f"{shape} {'training' if training else 'inference'}",
                {"training": int(training), "momentum": momentum, "epsilon": epsilon},
                x=x, gamma=gamma, beta=beta, mean=before[0], variance=before[1], y=y, dy=dy, dx=x.grad,
                dgamma=gamma.grad, dbeta=beta.grad, newMean=mean, newVariance=variance,
            )
    vectors.write()


def activations():
    vectors = Vectors("activation", 3)
    functions = {
        "relu": lambda x, slope: F.relu(x),
        "leakyRelu": lambda x, slope: F.leaky_relu(x, 0.125),
        "prelu": F.prelu,
        "sigmoid": lambda x, slope: torch.sigmoid(x),
    }
    for shape in [(2, 3, 4, 5), (5, 4)]:
        for name, function in functions.items():
            x, slope = leaf(*shape), leaf(shape[1], low=0.1, high=0.5)
            y = function(x, slope)
            dy = tensor(*y.shape)
            y.backward(dy)
            dslope = slope.grad if slope.grad is not None else torch.zeros(shape[1])
            vectors.add(
                name, {"slope": 0.125}, x=x, slope=slope, y=y, dy=dy, dx=x.grad, dslope=dslope
            )
    vectors.write()


def functions():
    """What ONNX networks add to the operations of our own networks."""
    vectors = Vectors("functions", 8)
    cases = [
        ("tanh", torch.tanh, {}),
        ("hardSigmoid", F.hardsigmoid, {}),
        ("hardSwish", F.hardswish, {}),
        ("clip", lambda x: torch.clamp(x, -0.5, 0.75), {}),
        ("squareRoot", torch.sqrt, {"low": 0.1, "high": 4}),
        ("power", lambda x: torch.pow(x, 1.75), {"low": 0.1, "high": 4}),
    ]
    for axis in range(4):
        cases.append((f"softmax {axis}", lambda x, axis=axis: torch.softmax(x, axis), {}))
    for mode in ["reflect", "replicate", "constant"]:
        cases.append((f"pad {mode}", lambda x, mode=mode: F.pad(x, (1, 2, 2, 0), mode), {}))
    for height, width in [(7, 3), (2, 9), (3, 8), (1, 1)]:
        for align in [False, True]:
            def resize(x, size=(height, width), align=align):
                return F.interpolate(x, size, mode="bilinear", align_corners=align)

            cases.append((f"resize {height} {width} {int(align)}", resize, {}))
    for name, function, range_ in cases:
        x = leaf(2, 2, 3, 4, **range_)
        y = function(x)
        dy = tensor(*y.shape)
        y.backward(dy)
        vectors.add(name, {}, x=x, y=y, dy=dy, dx=x.grad)
    vectors.write()


def poolings():
    vectors = Vectors("pooling", 4)
    cases = [
        ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0)),
        ((1, 4, 7, 9), (3, 3), (2, 2), (1, 1)),
        ((2, 2, 5, 6), (3, 2), (1, 3), (1, 0)),
    ]
    for shape, kernel, stride, padding in cases:
        attributes = {
            "kernelHeight": kernel[0], "kernelWidth": kernel[1], "strideHeight": stride[0],
            "strideWidth": stride[1], "paddingHeight": padding[0], "paddingWidth": padding[1],
        }
        functions = {
            "max": lambda x: F.max_pool2d(x, kernel, stride, padding),
            "average": lambda x: F.avg_pool2d(x, kernel, stride, padding, count_include_pad=False),
            "average counting padding": lambda x: F.avg_pool2d(x, kernel, stride, padding),
        }
        for name, function in functions.items():
            x = leaf(*shape)
            y = function(x)
            dy = tensor(*y.shape)
            y.backward(dy)
            vectors.add(name, attributes, x=x, y=y, dy=dy, dx=x.grad)
    vectors.write()


def arc_face(cosines, labels, margin):
    """Deng et al., 2019, with the linear continuation beyond theta = pi - m of the authors' code."""
    theta = torch.acos(cosines)
    with_margin = torch.where(
        cosines > math.cos(math.pi - margin),
        torch.cos(theta + margin),
        cosines - margin * math.sin(math.pi - margin),
    )
    return torch.where(F.one_hot(labels, cosines.shape[1]).bool(), with_margin, cosines)


def cos_face(cosines, labels, margin):
    """Wang et al., 2018."""
    return cosines - margin * F.one_hot(labels, cosines.shape[1])


def margin_losses():
    vectors = Vectors("marginSoftmax", 5)
    functions = {"arcFace": arc_face, "cosFace": cos_face, "none": lambda cosines, labels, margin: cosines}
    for name, margin, scale in [
        ("arcFace", 0.5, 32), ("arcFace", 1.0, 16), ("cosFace", 0.375, 32), ("none", 0, 16),
    ]:
        margin = float(torch.tensor(margin, dtype=torch.float32))
        batch, width, classes = 9, 6, 11
        embeddings, centres = leaf(batch, width), leaf(classes, width)
        labels = torch.randint(0, classes, (batch,))
        with torch.no_grad():  # One label almost opposite its centre, one close to it.
            embeddings[0] = (-centres[labels[0]] + 0.05 * tensor(width)).to(torch.float32)
            embeddings[1] = (centres[labels[1]] + 0.3 * tensor(width)).to(torch.float32)
        cosines = F.normalize(embeddings) @ F.normalize(centres).T
        cosines.retain_grad()
        logits = scale * functions[name](cosines, labels, margin)
        losses = F.cross_entropy(logits, labels, reduction="none")
        losses.mean().backward()
        correct = (cosines.argmax(1) == labels).double()
        vectors.add(
            f"{name} m {margin:g} s {scale}", {name: 1, "margin": margin, "scale": scale},
            embeddings=embeddings, centres=centres, labels=labels.double(), cosines=cosines, losses=losses,
            correct=correct, dcosines=cosines.grad, dembeddings=embeddings.grad, dcentres=centres.grad,
        )
    vectors.write()


def optimisers():
    vectors = Vectors("optimiser", 6)
    cases = [
        ("sgd", {"momentum": 0.9, "weightDecay": 5e-4, "rate": 0.1, "clip": 0}),
        ("sgd", {"momentum": 0.0, "weightDecay": 0.0, "rate": 0.05, "clip": 0}),
        ("sgd", {"momentum": 0.9, "weightDecay": 0.01, "rate": 0.1, "clip": 5}),
        ("adamW", {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0.05, "rate": 0.01, "clip": 0}),
        ("adamW", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-6, "weightDecay": 0.0, "rate": 0.1, "clip": 4}),
    ]
    for name, a in cases:
        start = tensor(40)
        parameter = torch.nn.Parameter(start.clone())
        if name == "sgd":
            optimiser = torch.optim.SGD(
                [parameter], lr=a["rate"], momentum=a["momentum"], weight_decay=a["weightDecay"])
        else:
            optimiser = torch.optim.AdamW(
                [parameter], lr=a["rate"], betas=(a["beta1"], a["beta2"]), eps=a["epsilon"],
                weight_decay=a["weightDecay"])
        gradients, parameters = [], []
        for step in range(5):
            # Norms on both sides of the limit.
            gradients.append((tensor(40) * (0.4 if step % 2 else 1.5)).to(torch.float32).double())
            parameter.grad = gradients[-1].clone()
            if a["clip"]:
                torch.nn.utils.clip_grad_norm_([parameter], a["clip"])
            optimiser.step()
            parameters.append(parameter.detach().clone())
        vectors.add(
            f"{name} {a}", {name: 1, **a}, start=start, gradients=torch.stack(gradients),
            parameters=torch.stack(parameters),
        )
    vectors.write()


def training():
    """Six steps of a small network with ArcFace and SGD: the whole loop."""
    vectors = Vectors("training", 7)
    batch, classes, rate, momentum, decay, clip, margin, scale = 6, 5, 0.1, 0.9, 0.01, 5.0, 0.5, 16.0
    p = {
        "conv.weight": leaf(6, 2, 3, 3), "bn.weight": leaf(6, low=0.5, high=1.5), "bn.bias": leaf(6),
        "prelu.weight": leaf(6, low=0.1, high=0.4), "conv2.weight": leaf(6, 6, 3, 3), "bn2.weight": leaf(6, low=0.5, high=1.5),
        "bn2.bias": leaf(6), "fc.weight": leaf(8, 6 * 16), "fc.bias": leaf(8), "head.weight": leaf(classes, 8),
    }
    running = {name: [torch.zeros(6).double(), torch.ones(6).double()] for name in ["bn", "bn2"]}
    start = {f"start {name}": value.detach().clone() for name, value in p.items()}
    decaying = [value for name, value in p.items() if name.endswith("weight") and value.dim() > 1]
    others = [value for name, value in p.items() if not (name.endswith("weight") and value.dim() > 1)]
    optimiser = torch.optim.SGD(
        [{"params": decaying, "weight_decay": decay}, {"params": others, "weight_decay": 0}], lr=rate,
        momentum=momentum)
    images, labels, losses = [], [], []
    for _ in range(6):
        x, label = tensor(batch, 2, 8, 8), torch.randint(0, classes, (batch,))
        y = F.conv2d(x, p["conv.weight"], None, 2, 1)
        y = F.batch_norm(y, *running["bn"], p["bn.weight"], p["bn.bias"], True, 0.1, 1e-5)
        shortcut = F.prelu(y, p["prelu.weight"])
        y = F.conv2d(shortcut, p["conv2.weight"], None, 1, 1)
        y = F.batch_norm(y, *running["bn2"], p["bn2.weight"], p["bn2.bias"], True, 0.1, 1e-5) + shortcut
        y = F.linear(y.flatten(1), p["fc.weight"], p["fc.bias"])
        cosines = F.normalize(y) @ F.normalize(p["head.weight"]).T
        loss = F.cross_entropy(scale * arc_face(cosines, label, margin), label, reduction="none")
        optimiser.zero_grad()
        loss.mean().backward()
        torch.nn.utils.clip_grad_norm_(list(p.values()), clip)
        optimiser.step()
        images.append(x)
        labels.append(label.double())
        losses.append(loss.detach())
    ends = {f"end {name}": value for name, value in p.items()}
    for name, (mean, variance) in running.items():
        ends[f"end {name}.running_mean"], ends[f"end {name}.running_var"] = mean, variance
    vectors.add(
        "conv-bn-prelu-conv-bn-add-fc-arcFace",
        {"rate": rate, "momentum": momentum, "weightDecay": decay, "clip": clip, "margin": margin, "scale": scale},
        images=torch.stack(images), labels=torch.stack(labels), losses=torch.stack(losses), **start, **ends,
    )
    vectors.write()


if __name__ == "__main__":
    for generate in [
        convolutions, batch_norms, activations, functions, poolings, margin_losses, optimisers, training,
    ]:
        generate()
