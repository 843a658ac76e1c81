import io

import numpy as np
import pytest
import torch
from torchvision import transforms as T

from conftest import draw_photo
from photos import UnreadablePhoto, open_photo, photo_size, resize


def jpeg(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, options.pop('format', 'JPEG'), **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    'mode, format', [('RGB', 'JPEG'), ('L', 'JPEG'), ('CMYK', 'JPEG'), ('RGBA', 'PNG'), ('P', 'PNG')]
)
def test_every_kind_of_photo_is_opened_as_rgb_q_x3(mode, format):
    photo = open_photo(jpeg(draw_photo(0.5, mode=mode), format=format))

    assert photo.mode == 'RGB'
    assert photo.size == (80, 60)


@pytest.mark.parametrize('content', [b'', b'This is no photo.', jpeg(draw_photo(0.5))[:900]])
def test_broken_bytes_are_unreadable(content):
    with pytest.raises(UnreadablePhoto):
        open_photo(content)


def test_a_missing_file_is_unreadable(tmp_path):
    with pytest.raises(UnreadablePhoto, match='FileNotFoundError'):
        open_photo(tmp_path / 'none.jpg')
    with pytest.raises(UnreadablePhoto, match='FileNotFoundError'):
        photo_size(tmp_path / 'none.jpg')


def test_the_size_comes_from_the_header(tmp_path):
    draw_photo(0.5, size=(80, 60)).save(tmp_path / 'photo.jpg')

    assert photo_size(tmp_path / 'photo.jpg') == (60, 80)


@pytest.mark.parametrize('source', [(60, 80), (30, 40), (120, 160), (61, 97), (17, 500), (240, 320)])
@pytest.mark.parametrize(
    'size, window', [((60, 80), None), ((60, 80), (6, 8, 48, 64)), ((33, 59), (3, 1, 26, 47))]
)
def test_resizing_equals_torchvision_s_without_antialiasing(source, size, window):
    pixels = np.random.default_rng(1).integers(0, 256, (*source, 3), dtype=np.uint8)
    whole = T.Resize(size, antialias=False)(torch.from_numpy(pixels).permute(2, 0, 1).float())
    top, left, height, width = window or (0, 0, *size)

    resized = resize(pixels, size, window)

    expected = whole[:, top : top + height, left : left + width].permute(1, 2, 0).numpy()
    # Of 255; PyTorch 1.13 comes within 1e-3, newer ones work out positions in float32 throughout.
    assert np.abs(resized - expected).max() < 5e-3
