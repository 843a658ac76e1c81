"""From a photo to what the network sees: one description, the pickled transforms, and their fast equivalents.

PhotoTransforms says what is done to a photo. Two things are built from it. A checkpoint carries its
transforms as pickled torchvision objects; FPE's other tools (torchvision 0.14.1) call them, so they remain
the definition. The fast functions do the same work for a whole batch, or for one photo without touching the
pixels that are cropped away; tests keep them equal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F
from torchvision import transforms as T
from torchvision.transforms import functional as TF

from photos import Size, resize

if TYPE_CHECKING:  # the serving code reads this file and has no hyperparameters beside it
    from hyperparameters import Hyperparameters

CROP_SHARE = 0.8


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


@dataclass(frozen=True)
class Jitter:
    """How far the colors of a training photo vary: a factor is drawn between 1 − x and 1 + x for each."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0

    def varies(self) -> bool:
        return self != Jitter()


@dataclass(frozen=True)
class Augmentation:
    """How training photos vary besides their random crop. The defaults are upstream's."""

    flip: bool = True  # every other photo is mirrored left to right
    rotation_degrees: float = 10  # turned by up to this much either way; what was outside is black
    zoom: float = 1.0  # enlarged up to this many times, as if the camera hung nearer
    blur: float = 0.0  # standard deviation of a Gaussian blur, at most, in thousandths of the crop's height
    cutout: float = (
        0.0  # share of the width and of the height of a hidden rectangle, at most (arXiv:1708.04552)
    )
    jitter: Jitter = Jitter()  # where the settings name none

    def changes_shapes(self) -> bool:
        """Whether photos vary in ways that upstream's do not."""
        return self.zoom > 1 or self.blur > 0 or self.cutout > 0


UPSTREAM_AUGMENTATION = Augmentation()


@dataclass(frozen=True)
class PhotoTransforms:
    """Everything that is done to a photo before the network sees it. An addition here also goes into
    `checkpoint_transforms` and into the fast path: `random_views` draws it, `prepare_batch` applies it.
    """

    sizes: Sizes
    decolorize: bool  # to gray
    mean: tuple[float, ...] | None  # of each channel; None: photos are not normalized
    sd: tuple[float, ...] | None
    augment: bool  # training photos are cropped, flipped, turned and colored at random
    jitter: Jitter
    augmentation: Augmentation = UPSTREAM_AUGMENTATION

    @classmethod
    def of(
        cls,
        settings: Hyperparameters,
        aspect: float,
        mean: Sequence[float],
        sd: Sequence[float],
        augmentation: Augmentation = UPSTREAM_AUGMENTATION,
    ) -> PhotoTransforms:
        """The transforms of these settings, for photos of this aspect, channel means and standard deviations."""
        jitter = Jitter(settings.jitter_brightness, settings.jitter_contrast, settings.jitter_saturation)
        normalize = settings.normalize and not settings.decolorize
        return cls(
            sizes_for(aspect, settings.input_size),
            settings.decolorize,
            tuple(mean) if normalize else None,
            tuple(sd) if normalize else None,
            settings.augment,
            jitter if jitter.varies() else augmentation.jitter,
            augmentation,
        )

    def gray_steps(self) -> list[Callable[[Tensor], Tensor]]:
        return [T.Grayscale(3)] if self.decolorize else []

    def normalize_steps(self) -> list[Callable[[Tensor], Tensor]]:
        # Lists, as in the checkpoints that FPE's other tools know.
        return [T.Normalize(list(self.mean), list(self.sd))] if self.mean and self.sd else []


def checkpoint_transforms(photo: PhotoTransforms) -> dict[str, T.Compose]:
    """The transforms `train` and `eval` that the checkpoint carries, for float tensors (3, h, w) in 0…1.

    Readers of checkpoints know the classes that upstream's have. So `train` leaves out zoom, blur and cutout,
    which no one needs who reads a trained model.
    """
    # Antialiasing is disabled explicitly: it is the default only in newer torchvision, and published models
    # use none.
    resize_photo = T.Resize(photo.sizes.resized, antialias=False)
    center = T.CenterCrop(photo.sizes.cropped)
    augmentation = [
        T.RandomCrop(photo.sizes.cropped),
        *([T.RandomHorizontalFlip(0.5)] if photo.augmentation.flip else []),
        T.RandomRotation(photo.augmentation.rotation_degrees),
        # With zeros it changes nothing, as upstream's without arguments (Q-T8).
        T.ColorJitter(photo.jitter.brightness, photo.jitter.contrast, photo.jitter.saturation),
    ]
    gray, normalize = photo.gray_steps(), photo.normalize_steps()
    return {
        'train': T.Compose([resize_photo, *gray, *(augmentation if photo.augment else [center]), *normalize]),
        'eval': T.Compose([resize_photo, *gray, center, *normalize]),
    }


class Coloring(NamedTuple):
    """How the colors of each photo of a batch are varied, as ColorJitter draws it."""

    factors: Tensor  # (photos, 3): of brightness, contrast and saturation
    order: Tensor  # (photos, 3): which of them comes first, second and last


class Disturbance(NamedTuple):
    """How each photo of a batch is enlarged, blurred and hidden in part: tensors of shape (photos,)."""

    zoom: Tensor  # 1: not at all
    blur: Tensor  # standard deviation in pixels
    hidden: Tensor  # (photos, 4): top, left, bottom, right, in shares of the crop


class Views(NamedTuple):
    """Which part of each photo of a batch is seen, and how: tensors of shape (photos,)."""

    top: Tensor  # first row and column of the crop
    left: Tensor
    flip: Tensor  # bool: mirrored left to right
    degrees: Tensor  # turned counter-clockwise
    coloring: Coloring | None = None  # None: colors stay
    disturbance: Disturbance | None = None  # None: upstream's variation


def central_views(count: int, sizes: Sizes) -> Views:
    """The views of the `eval` transform."""
    top, left = center_of(sizes)
    zeros = torch.zeros(count)
    return Views(torch.full((count,), top), torch.full((count,), left), zeros.bool(), zeros)


def center_of(sizes: Sizes) -> tuple[int, int]:
    """First row and column of torchvision's CenterCrop."""
    (height, width), (crop_height, crop_width) = sizes
    return round((height - crop_height) / 2.0), round((width - crop_width) / 2.0)


def training_views(count: int, photo: PhotoTransforms, generator: torch.Generator) -> Views:
    """The views of the `train` transform."""
    return random_views(count, photo, generator) if photo.augment else central_views(count, photo.sizes)


def random_views(count: int, photo: PhotoTransforms, generator: torch.Generator) -> Views:
    """Views as the augmenting transform draws them: crop, flip, turn and colors of each photo on its own."""
    (height, width), (crop_height, crop_width) = photo.sizes

    def draw(limit: int) -> Tensor:
        return torch.randint(limit, (count,), generator=generator)

    return Views(
        draw(height - crop_height + 1),
        draw(width - crop_width + 1),
        draw(2).bool() & photo.augmentation.flip,
        (torch.rand(count, generator=generator) * 2 - 1) * photo.augmentation.rotation_degrees,
        # Nothing is drawn if nothing varies, so that a seed gives the same results as before jitter was
        # introduced.
        _random_coloring(count, photo.jitter, generator) if photo.jitter.varies() else None,
        _random_disturbance(count, photo, generator) if photo.augmentation.changes_shapes() else None,
    )


def _random_coloring(count: int, jitter: Jitter, generator: torch.Generator) -> Coloring:
    reach = torch.tensor([jitter.brightness, jitter.contrast, jitter.saturation])
    return Coloring(
        1 + (torch.rand(count, 3, generator=generator) * 2 - 1) * reach,
        torch.rand(count, 3, generator=generator).argsort(dim=1),
    )


def _random_disturbance(count: int, photo: PhotoTransforms, generator: torch.Generator) -> Disturbance:
    augmentation = photo.augmentation
    zoom, blur, *hole = torch.rand(6, count, generator=generator)
    height, width, top, left = hole
    height, width = height * augmentation.cutout, width * augmentation.cutout
    top, left = top * (1 - height), left * (1 - width)
    return Disturbance(
        1 + zoom * (augmentation.zoom - 1),
        blur * augmentation.blur * photo.sizes.cropped[0] / 1000,
        torch.stack([top, left, top + height, left + width], dim=1),
    )


def crop_views(photos: Sequence[Tensor], views: Views, crop: Size) -> Tensor:
    """Cut the views out of resized photos: uint8 (h, w, 3) each → uint8 (photos, height, width, 3)."""
    corners = zip(photos, views.top.tolist(), views.left.tolist())
    return torch.stack([photo[top : top + crop[0], left : left + crop[1]] for photo, top, left in corners])


def prepare_batch(crops: Tensor, views: Views, photo: PhotoTransforms) -> Tensor:
    """Flip, turn and color a batch on its device: uint8 (batch, h, w, 3) → float (batch, 3, h, w)."""
    batch = crops.permute(0, 3, 1, 2).to(torch.float32).div_(255)
    if bool(views.flip.any()) or bool(views.degrees.any()) or views.disturbance is not None:
        batch = F.grid_sample(batch, _sampling_grid(batch, views), mode='nearest', align_corners=False)
    for step in photo.gray_steps():
        batch = step(batch)
    if views.coloring is not None:
        batch = _varied(batch, views.coloring)
    if views.disturbance is not None and photo.augmentation.blur > 0:
        batch = _blurred(batch, views.disturbance.blur)
    for step in photo.normalize_steps():
        batch = step(batch)
    if views.disturbance is not None and photo.augmentation.cutout > 0:
        batch = batch.masked_fill(_hidden(batch, views.disturbance.hidden), 0)
    return batch.contiguous(memory_format=torch.channels_last)


# The images that each change of ColorJitter blends photos (n, 3, h, w) with, in the order of Coloring.
CHANGES: tuple[Callable[[Tensor], Tensor], ...] = (
    torch.zeros_like,  # brightness: black
    lambda photos: TF.rgb_to_grayscale(photos).mean(
        dim=(-3, -2, -1), keepdim=True
    ),  # contrast: its mean gray
    TF.rgb_to_grayscale,  # saturation: the photo in gray
)


def _varied(batch: Tensor, coloring: Coloring) -> Tensor:
    """ColorJitter, with factors and an order of its own for each photo of the batch."""
    varied = batch.clone()
    for which in coloring.order.unbind(dim=1):
        for change, reference in enumerate(CHANGES):
            chosen = (which == change).nonzero().squeeze(1)
            if len(chosen) == 0:
                continue
            factor = coloring.factors[chosen, change].to(batch.device)[:, None, None, None]
            chosen = chosen.to(batch.device)
            photos = varied[chosen]
            varied[chosen] = (factor * photos + (1 - factor) * reference(photos)).clamp(0, 1)
    return varied


def _blurred(batch: Tensor, deviations: Tensor) -> Tensor:
    """Each photo under a Gaussian of its own standard deviation in pixels; borders are repeated."""
    radius = max(1, math.ceil(2.5 * float(deviations.max())))
    places = torch.arange(-radius, radius + 1, device=batch.device)
    kernels = torch.exp(-0.5 * (places / deviations.to(batch.device).clamp(min=0.05)[:, None]) ** 2)
    kernels = (kernels / kernels.sum(dim=1, keepdim=True)).repeat_interleave(3, dim=0)  # (3 · photos, 2r + 1)
    count, channels, height, width = batch.shape
    planes = F.pad(batch.reshape(1, -1, height, width), (radius, radius, radius, radius), mode='replicate')
    planes = F.conv2d(planes, kernels[:, None, :, None], groups=count * channels)
    planes = F.conv2d(planes, kernels[:, None, None, :], groups=count * channels)
    return planes.reshape(count, channels, height, width)


def _hidden(batch: Tensor, holes: Tensor) -> Tensor:
    """Which pixels are hidden: bool (photos, 1, h, w)."""
    height, width = batch.shape[-2:]
    top, left, bottom, right = (edge[:, None, None] for edge in holes.to(batch.device).unbind(dim=1))
    y = ((torch.arange(height, device=batch.device) + 0.5) / height)[None, :, None]
    x = ((torch.arange(width, device=batch.device) + 0.5) / width)[None, None, :]
    return ((top <= y) & (y < bottom) & (left <= x) & (x < right))[:, None]


def _sampling_grid(batch: Tensor, views: Views) -> Tensor:
    """Where each pixel comes from: flip first, then turn about the center, as torchvision does one after the
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
    if views.disturbance is not None:
        zoom = views.disturbance.zoom.to(batch.device)[:, None, None]
        source_x, source_y = source_x / zoom, source_y / zoom
    return torch.stack([source_x / (width / 2), source_y / (height / 2)], dim=-1)


@dataclass(frozen=True)
class ScoringPlan:
    """An `eval` transform taken apart: resize, crop centrally, then steps on each pixel by itself."""

    sizes: Sizes
    color_steps: list[Any]

    def prepare(self, photo: Image.Image) -> Tensor:
        """Equals the transform on the whole photo to about 1e-7; returns (3, h, w)."""
        (height, width), (top, left) = self.sizes.cropped, center_of(self.sizes)
        pixels = resize(np.asarray(photo), self.sizes.resized, (top, left, height, width))
        tensor = torch.from_numpy(pixels).permute(2, 0, 1).div(255)
        for step in self.color_steps:
            tensor = step(tensor)
        return tensor


def scoring_plan(transform: Any) -> ScoringPlan | None:
    """Take a checkpoint's `eval` transform apart; None if it contains a step we never write."""
    steps = list(getattr(transform, 'transforms', []))
    resizes = [step for step in steps if type(step) is T.Resize]
    crops = [step for step in steps if type(step) is T.CenterCrop]
    color_steps = [step for step in steps if type(step) in (T.Grayscale, T.Normalize)]
    if not (
        len(resizes) == len(crops) == 1 and steps[0] is resizes[0] and len(steps) == 2 + len(color_steps)
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
    return ScoringPlan(sizes, color_steps)


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
