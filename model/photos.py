"""Reading and resizing photos, the same way for training and for scoring."""

from __future__ import annotations

import io
import os
import re
import warnings

import numpy as np
from PIL import Image, UnidentifiedImageError

from errors import reason_of

Size = tuple[int, int]  # height, width
Window = tuple[int, int, int, int]  # top, left, height, width

# Stream cameras write JPEG; many write MPO, which is JPEG with further pictures after the first, and which
# Pillow opens as JPEG. It supports some forty other formats, and starts another program for EPS.
FORMATS = ('JPEG', 'PNG')
# The largest cameras have 61 megapixels, those of streams 3 to 30. Decoded, this many are 192 MB, for each
# worker; a file of 0.5 MB can claim 169 megapixels.
MAX_PIXELS = 64_000_000
# No camera has longer sides. Resizing holds the rows of the result in the width of the photo: of 64 million
# pixels in one row that would be gigabytes.
MAX_SIDE = 16_384
# A photo of that many pixels has 40 MB at the most; what is scored has 20 MiB (TS_MAX_REQUEST_SIZE).
MAX_BYTES = 64 * 2**20
# A progressive JPEG has about ten. Each takes the time of a whole picture, however small it is.
MAX_SCANS = 100
# Pillow keeps each part of a header, and asks for it byte by byte: five million empty ones would be 1 GB. A
# photo takes some hundred reads, a PNG in small parts ten thousand.
MAX_READS = 100_000
# Of a photo's height, at its top and at its bottom.
STRIP_SHARE = 0.1
LUMA_SIZE = (160, 120)
START_OF_SCAN = b'\xff\xda'
# First bytes of other files that are named .jpg.
OTHER_FORMATS = {
    'EPS': rb'%!PS|\xc5\xd0\xd3\xc6',
    'GIF': rb'GIF8',
    'TIFF': rb'II\*\0|MM\0\*',
    'BMP': rb'BM',
    'WebP': rb'RIFF....WEBP',
    'HEIC or AVIF': rb'....ftyp',
    'JPEG 2000': rb'\0\0\0\x0cjP|\xff\x4f\xff\x51',
    'PDF': rb'%PDF',
    'SVG or other markup': rb'\s*<',
}

# Pillow warns of more pixels than this, and refuses twice as many.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter('error', Image.DecompressionBombWarning)


# First bytes of the accepted formats: a file that begins with them but cannot be identified is broken.
SIGNATURES = (b'\xff\xd8', b'\x89PNG')


class UnreadablePhoto(ValueError):
    """The bytes are missing, broken, not a JPEG or PNG, or too many for a photo. `fault` says which.

    The pipeline counts by it, and describes it in shared/dataset/reasons.ts (PHOTO_FAULTS): truncated,
    not_an_image, too_large_to_read, other.
    """

    def __init__(self, reason: str, fault: str):
        super().__init__(reason)
        self.fault = fault


def open_photo(source: str | os.PathLike | bytes) -> Image.Image:
    """A photo as RGB, from a path or from bytes. Raises UnreadablePhoto.

    Gray, CMYK, palette and transparent photos are converted (Q-T3, Q-X3); of several pictures in a file the
    first is taken. EXIF rotation is ignored, as published models were trained. Pillow could decode a large
    JPEG at a fraction of its size in a fraction of the time, but those are other pixels, hence other scores.
    """
    try:
        content = source if isinstance(source, bytes) else _read(source)
        with _open(_Bytes(content), content) as image:
            if image.format != 'PNG' and content.count(START_OF_SCAN) > MAX_SCANS:
                raise UnreadablePhoto(
                    f'TooManyScans: more than {MAX_SCANS} scans in a JPEG', 'too_large_to_read'
                )
            image.load()
            return image if image.mode == 'RGB' else image.convert('RGB')
    except UnreadablePhoto:
        raise
    except Exception as error:  # Pillow raises some twenty classes on broken bytes
        raise _unreadable(error) from error


def photo_size(source: str | os.PathLike) -> Size:
    """Height and width from the file's header, without decoding. Raises UnreadablePhoto."""
    try:
        with _File(io.FileIO(source)) as file:
            _require_bytes(os.fstat(file.fileno()).st_size)
            beginning = file.read(32)
            file.seek(0)
            with _open(file, beginning) as image:
                return image.height, image.width
    except UnreadablePhoto:
        raise
    except Exception as error:
        raise _unreadable(error) from error


def _unreadable(error: Exception) -> UnreadablePhoto:
    """A missing file, or a lack of memory, says nothing about the photo; Pillow's errors do."""
    is_ours = isinstance(error, MemoryError) or (isinstance(error, OSError) and error.errno is not None)
    return UnreadablePhoto(reason_of(error), 'other' if is_ours else 'truncated')


class _FewReads:
    """A file that gives up after MAX_READS reads."""

    reads = 0

    def read(self, size: int | None = -1) -> bytes:
        self.reads += 1
        if self.reads > MAX_READS:
            reason = f'TooManyParts: more than {MAX_READS:,} reads of a photo’s parts'
            raise UnreadablePhoto(reason, 'too_large_to_read')
        return super().read(size)


class _Bytes(_FewReads, io.BytesIO):
    pass


class _File(_FewReads, io.BufferedReader):
    pass


def _read(path: str | os.PathLike) -> bytes:
    with open(path, 'rb') as file:
        _require_bytes(os.fstat(file.fileno()).st_size)
        return file.read()


def _require_bytes(size: int) -> None:
    if size > MAX_BYTES:
        reason = f'TooManyBytes: {size:,} bytes; at most {MAX_BYTES:,} are read'
        raise UnreadablePhoto(reason, 'too_large_to_read')


def _open(file: io.BufferedIOBase, beginning: bytes) -> Image.Image:
    """Read only the header: a photo refused for its format or size is never decoded."""
    try:
        image = Image.open(file, formats=FORMATS)
    except UnidentifiedImageError:
        kind = next((name for name, start in OTHER_FORMATS.items() if re.match(start, beginning, re.S)), None)
        looks = f', but perhaps {kind}' if kind else ''
        is_broken = not beginning or beginning.startswith(SIGNATURES)
        fault = 'truncated' if is_broken else 'not_an_image'
        raise UnreadablePhoto(f'UnidentifiedImageError: neither JPEG nor PNG{looks}', fault) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        pixels = re.search(r'\((\d+) pixels\)', str(error))
        raise _too_many_pixels(int(pixels[1]) if pixels else MAX_PIXELS + 1) from None
    if image.width * image.height > MAX_PIXELS:
        raise _too_many_pixels(image.width * image.height)
    if max(image.size) > MAX_SIDE:
        reason = (
            f'SideTooLong: {image.width:,} × {image.height:,} pixels; sides of at most {MAX_SIDE:,} are read'
        )
        raise UnreadablePhoto(reason, 'too_large_to_read')
    return image


def _too_many_pixels(pixels: int) -> UnreadablePhoto:
    reason = f'TooManyPixels: {pixels:,} pixels; at most {MAX_PIXELS:,} are read'
    return UnreadablePhoto(reason, 'too_large_to_read')


def luma_range(photo: Image.Image) -> tuple[int, int]:
    """Luma (ITU-R BT.601, 0 to 255) such that a twentieth of the photo is darker, and one such that a
    twentieth is lighter.

    From these the pipeline recognizes photos that show nothing discernible (shared/quality/darkness.ts). Of
    every n-th pixel, in a millisecond, and without the upper and the lower tenth, where cameras print a
    strip.
    """
    strip = photo.height * STRIP_SHARE
    box = (0, strip, photo.width, photo.height - strip)
    small = photo.resize(LUMA_SIZE, Image.NEAREST, box).convert('L')
    low, high = np.percentile(np.asarray(small), (5, 95))
    return round(low), round(high)


def resize(pixels: np.ndarray, size: Size, window: Window | None = None) -> np.ndarray:
    """Resize bilinearly without antialiasing, and keep only the window of the result.

    Equals torchvision's Resize(antialias=False) on a float tensor, followed by a crop, to about 1e-7; but
    reads only the pixels that the result is made of: a 2560×1920 photo needs one in seven of them at 480
    pixels.

    pixels: (h, w, 3) uint8. Returns (height, width, 3) float32 in 0…255.
    """
    top, left, height, width = window or (0, 0, *size)
    upper, lower, down = _neighbors(pixels.shape[0], size[0], top, height)
    before, after, right = _neighbors(pixels.shape[1], size[1], left, width)

    def blend_rows(columns: np.ndarray) -> np.ndarray:
        return _blend(_take(upper_rows, columns, 1), _take(lower_rows, columns, 1), down[:, None, None])

    upper_rows, lower_rows = _take(pixels, upper, 0), _take(pixels, lower, 0)
    if not right.any():
        return blend_rows(before)
    return _blend(blend_rows(before), blend_rows(after), right[None, :, None])


def _neighbors(
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
