"""Reading and resizing photos, the same way for training and for scoring."""

from __future__ import annotations

import io
import os

import numpy as np
from PIL import Image

Size = tuple[int, int]  # height, width
Window = tuple[int, int, int, int]  # top, left, height, width


class UnreadablePhoto(ValueError):
    """The bytes are missing, broken, or no image."""


def open_photo(source: str | os.PathLike | bytes) -> Image.Image:
    """A photo as RGB, from a path or from bytes. Raises UnreadablePhoto.

    Grey, CMYK, palette and transparent photos are converted (Q-T3, Q-X3). EXIF rotation is ignored, as
    published models were trained. Pillow could decode a large JPEG at a fraction of its size in a fraction of
    the time, but those are other pixels, hence other scores.
    """
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source)
        image.load()
        return image if image.mode == 'RGB' else image.convert('RGB')
    except Exception as error:  # Pillow raises some twenty classes on broken bytes
        raise UnreadablePhoto(f'{type(error).__name__}: {error}') from error


def photo_size(source: str | os.PathLike) -> Size:
    """Height and width as the file's header says, without decoding. Raises UnreadablePhoto."""
    try:
        with Image.open(source) as image:
            return image.height, image.width
    except Exception as error:
        raise UnreadablePhoto(f'{type(error).__name__}: {error}') from error


def resize(pixels: np.ndarray, size: Size, window: Window | None = None) -> np.ndarray:
    """Resize bilinearly without antialiasing, and keep only the window of the result.

    Equals torchvision's Resize(antialias=False) on a float tensor, followed by a crop, to about 1e-7; but
    reads only the pixels that the result is made of: a 2560×1920 photo needs one in seven of them at 480
    pixels.

    pixels: (h, w, 3) uint8. Returns (height, width, 3) float32 in 0…255.
    """
    top, left, height, width = window or (0, 0, *size)
    upper, lower, down = _neighbours(pixels.shape[0], size[0], top, height)
    before, after, right = _neighbours(pixels.shape[1], size[1], left, width)

    def blend_rows(columns: np.ndarray) -> np.ndarray:
        return _blend(_take(upper_rows, columns, 1), _take(lower_rows, columns, 1), down[:, None, None])

    upper_rows, lower_rows = _take(pixels, upper, 0), _take(pixels, lower, 0)
    if not right.any():
        return blend_rows(before)
    return _blend(blend_rows(before), blend_rows(after), right[None, :, None])


def _neighbours(
    length: int, resized: int, start: int, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each resized pixel, the two source pixels it lies between, and how far it is from the first.

    As PyTorch's upsample_bilinear2d has it: a scale in float32, positions in float64, shares in float32
    again.
    """
    scale = np.float64(np.float32(length) / np.float32(resized))
    at = np.maximum((np.arange(start, start + count) + 0.5) * scale - 0.5, 0)
    first = np.minimum(at.astype(np.int64), length - 1)
    return first, np.minimum(first + 1, length - 1), (at - first).astype(np.float32)


def _take(pixels: np.ndarray, indices: np.ndarray, axis: int) -> np.ndarray:
    """np.take, but a view where the indices are consecutive: the usual case of a photo that has its size
    already.
    """
    start = int(indices[0])
    if np.array_equal(indices, np.arange(start, start + len(indices))):
        return pixels[start : start + len(indices)] if axis == 0 else pixels[:, start : start + len(indices)]
    return np.take(pixels, indices, axis)


def _blend(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """first + share · (second - first), as PyTorch sums it."""
    if not share.any():
        return first.astype(np.float32)
    return first * (1 - share) + second * share
