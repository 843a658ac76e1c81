"""The network: one score per photo, from a ResNet-18 body and a small head.

He et al. 2015, https://arxiv.org/abs/1512.03385 (ResNet); Burges et al. 2005,
https://doi.org/10.1145/1102351.1102363 (RankNet). The names of the sub-modules are those in published
checkpoints: do not rename them.
"""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import resnet18

from checkpoint_file import MAX_FILE_BYTES, read_checkpoint_file
from errors import InvalidCheckpoint, StartModelUnusable, UnsafeCheckpoint, reason_of

# Published checkpoints were saved from within a DataParallel wrapper, which puts this before every name.
PREFIX = 'module.'


class ResNetBody(nn.Module):
    """ResNet-18 without its average pool and classifier: (batch, 3, h, w) → (batch, 512, ⌈h/32⌉, ⌈w/32⌉)."""

    def __init__(self) -> None:
        super().__init__()
        # ImageNet weights come from a file, if at all: neither training nor scoring has a network to fetch
        # them from.
        self.model = nn.Sequential(*list(resnet18(weights=None).children())[:-2])

    def forward(self, photos: Tensor) -> Tensor:
        return self.model(photos)


class RankNet(nn.Module):
    """A photo's score: the higher, the more of the variable. Scale and origin of the scores mean nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.resnetbody = ResNetBody()
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fclayers = nn.Sequential(
            nn.Linear(512, 256), nn.ReLU(), nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 1)
        )

    def features(self, photos: Tensor) -> Tensor:
        """What the body sees: (batch, 3, h, w) → (batch, 512)."""
        return torch.flatten(self.avgpool(self.resnetbody(photos)), 1)

    def forward(self, photos: Tensor) -> Tensor:
        """Scores of prepared photos: (batch, 3, h, w) → (batch,); a batch of one stays a vector (Q-T11)."""
        return self.fclayers(self.features(photos)).squeeze(-1)


def initialize_head(network: RankNet) -> None:
    """Initialize the head with weights that preserve the signals of ReLUs, forward and backward."""
    first, second, last = (layer for layer in network.fclayers if isinstance(layer, nn.Linear))
    for layer, activation in ((first, 'relu'), (second, 'relu'), (last, 'linear')):
        nn.init.kaiming_normal_(layer.weight, nonlinearity=activation)
        nn.init.zeros_(layer.bias)


def ranking_loss(scores_1: Tensor, scores_2: Tensor, labels: Tensor) -> Tensor:
    """RankNet's cross-entropy of each pair, (pairs,) each; label 1: photo 1 shows more, -1: photo 2, 0: the
    same.
    """
    return F.binary_cross_entropy_with_logits(scores_1 - scores_2, (labels + 1) / 2, reduction='none')


def published_state(network: RankNet) -> dict[str, Tensor]:
    """The network's weights under the names that FPE's other tools expect, on the CPU, in plain order."""
    return {
        PREFIX + name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()
    }


def load_published_state(network: RankNet, state: Mapping[str, Tensor], source: str) -> None:
    """Fill the network from a checkpoint's `model_state_dict`, with or without the prefix.

    Raises InvalidCheckpoint, naming `source`, if tensors are missing, left over or of another shape.
    """
    try:
        network.load_state_dict(
            {name[len(PREFIX) :] if name.startswith(PREFIX) else name: state[name] for name in state}
        )
    except (RuntimeError, AttributeError, TypeError) as error:  # the latter two: a value that is not a tensor
        raise InvalidCheckpoint(
            what='The checkpoint belongs to another network',
            where=source,
            found=reason_of(error)[:300],
            expected='the 126 tensors of a ResNet-18 body and a head 512-256-64-1',
            fix='give a model.pth that this pipeline or FPE published',
        ) from error


def load_imagenet_weights(network: RankNet, path: str | os.PathLike) -> None:
    """Start the body from a torchvision state_dict of resnet18; its classifier (`fc`) is dropped.

    Raises InvalidCheckpoint if the file contains anything else, UnsafeCheckpoint if it may run foreign code.
    """
    try:
        donor = resnet18(weights=None)
        donor.load_state_dict(read_checkpoint_file(path))
    except UnsafeCheckpoint:
        raise
    except Exception as error:  # load_state_dict may raise anything, depending on its input
        raise InvalidCheckpoint(
            what='The ImageNet weights cannot be used',
            where=str(path),
            found=reason_of(error)[:300],
            expected='a torchvision state_dict of resnet18',
            fix='give torchvision’s resnet18-f37072fd.pth as the weights channel, or set pretrained to false',
        ) from error
    body = nn.Sequential(*list(donor.children())[:-2])
    network.resnetbody.model.load_state_dict(body.state_dict())


def load_archive(network: RankNet, path: str | os.PathLike) -> None:
    """Fill the network from the model.pth in a published model.tar.gz; nothing else of it is unpacked.

    Raises StartModelUnusable if the archive is damaged, or holds no model of this network, or one without finite
    weights.
    """
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = os.path.join(folder, 'model.pth')
        try:
            unpack_model(path, checkpoint)
            load_published_state(network, load_checkpoint(checkpoint)['model_state_dict'], 'its model.pth')
            if not all(torch.isfinite(tensor).all() for tensor in network.state_dict().values()):
                raise ValueError('weights that are not finite')
        except (
            Exception
        ) as error:  # whatever an archive of others' can make tarfile and its decompressors raise
            raise StartModelUnusable(
                what='The model to start from cannot be used',
                where=f'model channel {path}',
                found=reason_of(error).replace(checkpoint, 'its model.pth')[:400],
                expected='a model.tar.gz with a model.pth of this network, as this pipeline or FPE published it',
                fix='name another model in start_from, or leave it out, and start a new execution',
            ) from error


def unpack_model(archive_path: str | os.PathLike, path: str) -> None:
    """Write the model.pth of an archive to `path`. Raises ValueError if there is none or it is too large, and
    whatever a damaged archive makes tarfile raise.
    """
    with tarfile.open(archive_path, 'r:gz') as archive:
        for member in archive:
            if not member.isfile() or os.path.normpath(member.name) != 'model.pth':
                continue
            if member.size > MAX_FILE_BYTES:
                raise ValueError(f'a model.pth of {member.size:,} bytes; at most {MAX_FILE_BYTES:,} are read')
            with archive.extractfile(member) as source, open(path, 'wb') as file:
                shutil.copyfileobj(source, file)
            return
    raise ValueError('no model.pth')


def load_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """Read a checkpoint onto the CPU: ours, or one that FPE published; nothing in it is run.

    Raises UnsafeCheckpoint and InvalidCheckpoint.
    """
    checkpoint = read_checkpoint_file(path)
    found = checkpoint if isinstance(checkpoint, dict) else {}
    missing = [
        name for name in ('model_state_dict', 'transforms', 'params') if not isinstance(found.get(name), dict)
    ]
    if missing:
        raise InvalidCheckpoint(
            what='The file holds no checkpoint of this network',
            where=str(path),
            found=f'no {", ".join(missing)}',
            expected='a checkpoint as train.py writes it',
            fix='give a model.pth that this pipeline or FPE published',
        )
    return checkpoint
