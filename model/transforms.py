"""From a photo to what the network sees: the sizes, the pickled transforms, and their fast equivalents.

A checkpoint carries its transforms as pickled torchvision objects; FPE's other tools (torchvision 0.14.1)
call them, so they stay the definition. The functions here do the same work for a whole batch, or for one
photo without touching the pixels that are cropped away; tests hold them equal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Callable, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms as T
from torchvision.transforms import functional as TF

from photos import Size, resize

CROP_SHARE = 0.8
MAX_ROTATION_DEGREES = 10


class Sizes(NamedTuple):
    """Sizes of a station's photos, (height, width) in pixels: after resizing, and after cropping."""

    resized: Size
    cropped: Size


def sizes_for(aspect: float, input_size: int) -> Sizes:
    """Sizes for photos of an aspect (width / height): 4:3 at 480 → 480×640, cropped to 384×512."""
    return Sizes(
        (input_size, int(input_size * aspect)),
        (int(input_size * CROP_SHARE), int(input_size * CROP_SHARE * aspect)),
    )


class Colours(NamedTuple):
    """How colours are changed: to grey, or else normalised by mean and sd of each channel where these are
    given.
    """

    decolorize: bool
    mean: list[float] | None
    sd: list[float] | None

    def steps(self) -> list[Callable[[Tensor], Tensor]]:
        if self.decolorize:
            return [T.Grayscale(3)]
        return [T.Normalize(self.mean, self.sd)] if self.mean else []


def checkpoint_transforms(sizes: Sizes, colours: Colours, augment: bool) -> dict[str, T.Compose]:
    """The transforms `train` and `eval` that the checkpoint carries, for float tensors (3, h, w) in 0…1."""
    # Antialiasing is off by name: it is the default of newer torchvision only, and published models know
    # none.
    resize_photo = T.Resize(sizes.resized, antialias=False)
    centre = T.CenterCrop(sizes.cropped)
    grey = [step for step in colours.steps() if isinstance(step, T.Grayscale)]
    normalize = [step for step in colours.steps() if isinstance(step, T.Normalize)]
    augmentation = [
        T.RandomCrop(sizes.cropped),
        T.RandomHorizontalFlip(0.5),
        T.RandomRotation(MAX_ROTATION_DEGREES),
        T.ColorJitter(),  # without arguments it changes nothing (Q-T8)
    ]
    return {
        'train': T.Compose([resize_photo, *grey, *(augmentation if augment else [centre]), *normalize]),
        'eval': T.Compose([resize_photo, *grey, centre, *normalize]),
    }


class Views(NamedTuple):
    """Which part of each photo of a batch is seen, and how: tensors of shape (photos,)."""

    top: Tensor  # first row and column of the crop
    left: Tensor
    flip: Tensor  # bool: mirrored left to right
    degrees: Tensor  # turned counter-clockwise


def central_views(count: int, sizes: Sizes) -> Views:
    """The views of the `eval` transform."""
    top, left = centre_of(sizes)
    zeros = torch.zeros(count)
    return Views(torch.full((count,), top), torch.full((count,), left), zeros.bool(), zeros)


def centre_of(sizes: Sizes) -> tuple[int, int]:
    """First row and column of torchvision's CenterCrop."""
    (height, width), (crop_height, crop_width) = sizes
    return int(round((height - crop_height) / 2.0)), int(round((width - crop_width) / 2.0))


def random_views(count: int, sizes: Sizes, generator: torch.Generator) -> Views:
    """Views as the `train` transform draws them: crop, flip and turn of each photo on its own."""
    (height, width), (crop_height, crop_width) = sizes

    def draw(limit: int) -> Tensor:
        return torch.randint(limit, (count,), generator=generator)

    return Views(
        draw(height - crop_height + 1),
        draw(width - crop_width + 1),
        draw(2).bool(),
        (torch.rand(count, generator=generator) * 2 - 1) * MAX_ROTATION_DEGREES,
    )


def crop_views(photos: Sequence[Tensor], views: Views, crop: Size) -> Tensor:
    """Cut the views out of resized photos: uint8 (h, w, 3) each → uint8 (photos, height, width, 3)."""
    corners = zip(photos, views.top.tolist(), views.left.tolist())
    return torch.stack([photo[top : top + crop[0], left : left + crop[1]] for photo, top, left in corners])


def prepare_batch(crops: Tensor, views: Views, colours: Colours) -> Tensor:
    """Flip, turn and colour a batch on its device: uint8 (batch, h, w, 3) → float (batch, 3, h, w)."""
    batch = crops.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    if bool(views.flip.any()) or bool(views.degrees.any()):
        batch = F.grid_sample(batch, _sampling_grid(batch, views), mode='nearest', align_corners=False)
    for step in colours.steps():
        batch = step(batch)
    return batch.contiguous(memory_format=torch.channels_last)


def _sampling_grid(batch: Tensor, views: Views) -> Tensor:
    """Where each pixel comes from: flip first, then turn about the centre, as torchvision does one after the
    other.
    """
    height, width = batch.shape[-2:]
    angle = torch.deg2rad(views.degrees.to(batch.device))
    mirror = 1 - 2 * views.flip.to(batch.device, torch.float32)
    x = (torch.arange(width, device=batch.device) + 0.5 - width / 2)[None, None, :]
    y = (torch.arange(height, device=batch.device) + 0.5 - height / 2)[None, :, None]
    cos, sin = torch.cos(angle)[:, None, None], torch.sin(angle)[:, None, None]
    source_x = mirror[:, None, None] * (x * cos - y * sin)
    source_y = x * sin + y * cos
    return torch.stack([source_x / (width / 2), source_y / (height / 2)], dim=-1)


@dataclass(frozen=True)
class ScoringPlan:
    """An `eval` transform taken apart: resize, crop centrally, then steps on each pixel by itself."""

    sizes: Sizes
    colour_steps: list[Any]

    def prepare(self, photo: Image.Image) -> Tensor:
        """Equals the transform on the whole photo to about 1e-7; returns (3, h, w)."""
        (height, width), (top, left) = self.sizes.cropped, centre_of(self.sizes)
        pixels = resize(np.asarray(photo), self.sizes.resized, (top, left, height, width))
        tensor = torch.from_numpy(pixels).permute(2, 0, 1).div(255)
        for step in self.colour_steps:
            tensor = step(tensor)
        return tensor


def scoring_plan(transform: Any) -> ScoringPlan | None:
    """Take a checkpoint's `eval` transform apart; None when it holds a step we never write."""
    steps = list(getattr(transform, 'transforms', []))
    resizes = [step for step in steps if type(step) is T.Resize]
    crops = [step for step in steps if type(step) is T.CenterCrop]
    colour_steps = [step for step in steps if type(step) in (T.Grayscale, T.Normalize)]
    if not (
        len(resizes) == len(crops) == 1 and steps[0] is resizes[0] and len(steps) == 2 + len(colour_steps)
    ):
        return None
    sizes = Sizes(_pair(resizes[0].size), _pair(crops[0].size))
    bilinear = resizes[0].interpolation == T.InterpolationMode.BILINEAR and not resizes[0].antialias
    if (
        not bilinear
        or None in sizes
        or any(crop > whole for crop, whole in zip(sizes.cropped, sizes.resized))
    ):
        return None
    return ScoringPlan(sizes, colour_steps)


def _pair(size: Any) -> Size | None:
    return (int(size[0]), int(size[1])) if isinstance(size, (list, tuple)) and len(size) == 2 else None


def turn_off_antialiasing(transform: Any) -> None:
    """Torchvision 0.14.1 pickles "no antialiasing" as None, which newer versions may take for their own
    default.
    """
    for step in getattr(transform, 'transforms', []):
        if isinstance(step, T.Resize) and step.antialias is None:
            step.antialias = False


def apply_transform(transform: Callable[[Tensor], Tensor], photo: Image.Image) -> Tensor:
    """The transform as FPE's other tools call it: on the whole photo as a float tensor; returns (3, h, w)."""
    return transform(TF.to_tensor(photo))
