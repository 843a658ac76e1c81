"""The network in ncnn, a library that convolves by Winograd's transforms (https://github.com/Tencent/ncnn).

The network is written in ncnn's format at load time, from the weights of the checkpoint: nothing else is
published, and FPE's other tools need nothing new. The library comes from the Python environment, or from a
wheel that was carried along in `wheels/`, since the containers that score have no network to fetch one from.

Formats: https://github.com/Tencent/ncnn/wiki/param-and-model-file-structure
"""

from __future__ import annotations

import hashlib
import importlib
import platform
import sys
import tempfile
import zipfile
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

import numpy as np
import torch
from torch import Tensor, nn

from network import RankNet

WHEELS = Path(__file__).with_name('wheels')
# The wheels that may be loaded, as pip reads them: `name==version --hash=sha256:…`.
PINNED = 'requirements.txt'
MAGIC = 7767517
# Weights in float32 follow this.
FLOAT32 = bytes(4)
# Winograd's F(6, 3) would be as fast here, and less exact.
OPTIONS = {
    'use_vulkan_compute': False,
    'use_winograd63_convolution': False,
    'use_fp16_packed': False,
    'use_fp16_storage': False,
    'use_fp16_arithmetic': False,
    'use_bf16_storage': False,
}


class NcnnMissing(ImportError):
    """There is no library for this Python, or one that nobody has pinned."""


def ncnn_network(network: RankNet, threads: int) -> Callable[[Tensor], Tensor]:
    """A function of (1, 3, h, w) → (1,), for any size of photos. Raises NcnnMissing, RuntimeError."""
    ncnn = import_ncnn()
    net = ncnn.Net()
    for name, value in OPTIONS.items():
        setattr(net.opt, name, value)
    net.opt.num_threads = threads
    description, weights = written(network)
    with tempfile.TemporaryDirectory() as folder:
        # Read from memory, the weights would have to outlive the network.
        param, model = Path(folder, 'network.param'), Path(folder, 'network.bin')
        param.write_text(description, encoding='ascii')
        with open(model, 'wb') as file:
            file.writelines(weights)
        if net.load_param(str(param)) != 0 or net.load_model(str(model)) != 0:
            raise RuntimeError('ncnn refuses the network')

    def score(photo: Tensor) -> Tensor:
        pixels = np.ascontiguousarray(photo[0].numpy())  # is read in place, hence kept until the end
        extractor = net.create_extractor()
        extractor.input(INPUT, ncnn.Mat(pixels))
        status, scores = extractor.extract(SCORES)
        if status != 0:
            raise RuntimeError(f'ncnn ended with status {status}')
        return torch.from_numpy(np.array(scores))

    return score


# Format

INPUT, SCORES = 'photo', 'scores'


class _Writer:
    """Layers in ncnn's format, one after the other."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.weights: list[bytes] = []
        self.blobs = 0

    def add(self, kind: str, inputs: list[str], outputs: list[str], **parameters: Any) -> str:
        """A layer; the keys of parameters are `p0`, `p1` …, as ncnn numbers them. Returns its first output."""
        numbered = [f'{key[1:]}={value}' for key, value in parameters.items()]
        name, counts = f'layer{len(self.lines)}', [len(inputs), len(outputs)]
        self.lines.append(' '.join(map(str, [kind, name, *counts, *inputs, *outputs, *numbered])))
        self.blobs += len(outputs)
        return outputs[0]

    def new(self) -> str:
        return f'blob{self.blobs}'

    def weigh(self, weight: Tensor, bias: Tensor) -> None:
        self.weights += [FLOAT32, weight.float().numpy().tobytes(), bias.float().numpy().tobytes()]

    def convolve(self, photo: str, convolution: nn.Module, norm: nn.Module, relu: bool) -> str:
        """A convolution with its batch normalization, which in `eval` mode is a factor and an addend."""
        factor = norm.weight.double() / torch.sqrt(norm.running_var.double() + norm.eps)
        weight = convolution.weight.double() * factor[:, None, None, None]
        self.weigh(weight, norm.bias.double() - norm.running_mean.double() * factor)
        return self.add(
            'Convolution',
            [photo],
            [self.new()],
            p0=convolution.out_channels,
            p1=convolution.kernel_size[0],
            p3=convolution.stride[0],
            p4=convolution.padding[0],
            p5=1,  # with a bias
            p6=weight.numel(),
            p9=int(relu),
        )

    def add_block(self, photo: str, block: nn.Module) -> str:
        """A residual block: two convolutions, and a way around them."""
        first, around = f'{photo}a', f'{photo}b'
        self.add('Split', [photo], [first, around])
        inner = self.convolve(first, block.conv1, block.bn1, relu=True)
        inner = self.convolve(inner, block.conv2, block.bn2, relu=False)
        if block.downsample is not None:
            around = self.convolve(around, *block.downsample, relu=False)
        both = self.add('BinaryOp', [inner, around], [self.new()], p0=0)  # sum
        return self.add('ReLU', [both], [self.new()])

    def connect(self, features: str, layer: nn.Module, output: str, relu: bool) -> str:
        self.weigh(layer.weight, layer.bias)
        sizes = {'p0': layer.out_features, 'p1': 1, 'p2': layer.weight.numel(), 'p9': int(relu)}
        return self.add('InnerProduct', [features], [output], **sizes)


@torch.no_grad()
def written(network: RankNet) -> tuple[str, list[bytes]]:
    """The network as ncnn reads it: the text that describes its layers, and their weights in order."""
    writer = _Writer()
    convolution, norm, _relu, _pool, *stages = network.resnetbody.model
    photo = writer.add('Input', [], [INPUT])
    photo = writer.convolve(photo, convolution, norm, relu=True)
    photo = writer.add('Pooling', [photo], [writer.new()], p0=0, p1=3, p2=2, p3=1, p5=1)  # highest
    for stage in stages:
        for block in stage:
            photo = writer.add_block(photo, block)
    features = writer.add('Pooling', [photo], [writer.new()], p0=1, p4=1)  # mean of all
    first, second, last = (layer for layer in network.fclayers if isinstance(layer, nn.Linear))
    features = writer.connect(features, first, writer.new(), relu=True)
    features = writer.connect(features, second, writer.new(), relu=True)
    writer.connect(features, last, SCORES, relu=False)
    lines = [str(MAGIC), f'{len(writer.lines)} {writer.blobs}', *writer.lines, '']
    return '\n'.join(lines), writer.weights


# Library


def import_ncnn(wheels: Path = WHEELS) -> ModuleType:
    """The library of the environment, or of the wheel for this Python. Raises NcnnMissing."""
    try:
        return importlib.import_module('ncnn')
    except ModuleNotFoundError:
        pass
    tag = f'cp{sys.version_info.major}{sys.version_info.minor}'
    fitting = sorted(wheels.glob(f'ncnn-*-{tag}-{tag}-*{platform.machine()}.whl'))
    if not fitting:
        raise NcnnMissing(f'no ncnn for {tag} on {platform.machine()}')
    pinned = (wheels / PINNED).read_text(encoding='utf-8')
    pinned_wheels = [wheel for wheel in fitting if hashlib.sha256(wheel.read_bytes()).hexdigest() in pinned]
    if not pinned_wheels:
        raise NcnnMissing(f'{fitting[-1].name} is not the wheel that {PINNED} pins')
    # A folder of our own, which nobody else can write to; once loaded, a library needs no file.
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(pinned_wheels[-1]) as wheel:
            wheel.extractall(folder)
        sys.path.insert(0, folder)
        try:
            return importlib.import_module('ncnn')
        finally:
            sys.path.remove(folder)
