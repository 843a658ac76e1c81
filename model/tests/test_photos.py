import io
import os
import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
import torch
from conftest import draw_photo
from PIL import Image
from torchvision import transforms as T

from photos import UnreadablePhoto, luma_range, open_photo, photo_size, resize


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


def test_luma_is_told_without_the_strips_of_a_camera():
    pixels = np.full((600, 800, 3), 10, np.uint8)
    pixels[:50] = pixels[-50:] = 255
    pixels[100:500, 400:] = (0, 200, 0)

    assert luma_range(Image.fromarray(pixels)) == (10, 117)


@pytest.mark.parametrize('size', [(1, 1), (1, 3000), (3000, 1), (2560, 1920)])
@pytest.mark.parametrize('shade', [0, 255])
def test_the_luma_of_one_shade_is_that_shade_whatever_the_size(size, shade):
    assert luma_range(Image.new('RGB', size, (shade,) * 3)) == (shade, shade)


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


def multi_picture(first, second):
    """As cameras write it: a JPEG, with an index of the pictures, and a smaller one behind it."""
    return jpeg(first, format='MPO', save_all=True, append_images=[second])


def test_a_multi_picture_jpeg_is_opened_as_its_first_picture():
    first = draw_photo(0.5, 1, size=(2592, 1944))
    content = multi_picture(first, draw_photo(0.9, 2, size=(640, 480)))
    with Image.open(io.BytesIO(content)) as image:
        assert (image.format, image.n_frames) == ('MPO', 2)

    photo = open_photo(content)

    assert photo.size == (2592, 1944)
    assert photo.tobytes() == open_photo(jpeg(first)).tobytes()


def test_an_animated_png_is_opened_as_its_first_picture():
    frames = [draw_photo(flow) for flow in (0.1, 0.5, 0.9)]
    content = jpeg(frames[0], format='PNG', save_all=True, append_images=frames[1:])

    assert open_photo(content).tobytes() == frames[0].tobytes()


OTHERS = {
    'EPS': lambda: jpeg(draw_photo(0.5), format='EPS'),
    'GIF': lambda: jpeg(draw_photo(0.5), format='GIF'),
    'TIFF': lambda: jpeg(draw_photo(0.5), format='TIFF'),
    'BMP': lambda: jpeg(draw_photo(0.5), format='BMP'),
    'WebP': lambda: b'RIFF\0\0\0\0WEBPVP8 ' + bytes(50),
    'JPEG 2000': lambda: b'\0\0\0\x0cjP  \r\n\x87\n' + bytes(50),
    'HEIC or AVIF': lambda: b'\0\0\0\x18ftypheic' + bytes(50),
    'PDF': lambda: jpeg(draw_photo(0.5), format='PDF'),
    'SVG or other markup': lambda: b'\n<svg xmlns="http://www.w3.org/2000/svg"/>',
}


@pytest.mark.parametrize('kind', list(OTHERS))
def test_other_formats_are_refused_whatever_the_name_of_the_file(tmp_path, kind):
    content = OTHERS[kind]()
    (tmp_path / 'photo.jpg').write_bytes(content)

    for attempt in (
        lambda: open_photo(content),
        lambda: open_photo(tmp_path / 'photo.jpg'),
        lambda: photo_size(tmp_path / 'photo.jpg'),
    ):
        with pytest.raises(UnreadablePhoto, match=f'neither JPEG nor PNG, but perhaps {kind}$'):
            attempt()


def test_no_other_program_is_started_for_a_photo(tmp_path, monkeypatch):
    marker, ghostscript = tmp_path / 'marker', tmp_path / 'gs'
    ghostscript.write_text(f'#!/bin/sh\ntouch {marker}\n')
    ghostscript.chmod(0o755)
    monkeypatch.setenv('PATH', str(tmp_path), prepend=os.pathsep)
    content = OTHERS['EPS']()
    with pytest.raises(Exception), Image.open(io.BytesIO(content)) as image:  # noqa: B017, whatever Ghostscript answers
        image.load()
    assert marker.exists(), 'Pillow starts it, unless it is told which formats to open'
    marker.unlink()

    with pytest.raises(UnreadablePhoto):
        open_photo(content)

    assert not marker.exists()


def claimed_size(content, width, height):
    """A JPEG or PNG whose header claims another size."""
    sof = content.index(b'\xff\xc0') + 5 if content.startswith(b'\xff\xd8') else 0
    if sof:
        return content[:sof] + struct.pack('>HH', height, width) + content[sof + 4 :]
    header = b'IHDR' + struct.pack('>II', width, height) + content[24:29]
    return content[:12] + header + struct.pack('>I', zlib.crc32(header)) + content[33:]


@pytest.mark.parametrize('size', [(20_000, 1), (1, 20_000), (64_000, 1000)])
def test_a_side_longer_than_any_cameras_is_refused_without_decoding(tmp_path, monkeypatch, size):
    content = io.BytesIO()
    Image.new('1', size).save(content, 'PNG')
    (tmp_path / 'photo.jpg').write_bytes(content.getvalue())
    monkeypatch.setattr(Image.Image, 'load', lambda image: pytest.fail('It was decoded'))

    for attempt in (
        lambda: open_photo(content.getvalue()),
        lambda: photo_size(tmp_path / 'photo.jpg'),
    ):
        message = f'^SideTooLong: {size[0]:,} × {size[1]:,} pixels; sides of at most 16,384 are read$'
        with pytest.raises(UnreadablePhoto, match=message) as refused:
            attempt()
        assert refused.value.fault == 'too_large_to_read'


@pytest.mark.parametrize('format', ['JPEG', 'PNG'])
@pytest.mark.parametrize('width, height', [(13_000, 13_000), (8001, 8000), (65_000, 65_000)])
@pytest.mark.parametrize('warning', ['error', 'ignore'])
@pytest.mark.filterwarnings('ignore::PIL.Image.DecompressionBombWarning')
def test_too_many_pixels_are_refused_without_decoding(tmp_path, monkeypatch, format, width, height, warning):
    warnings.simplefilter(warning, Image.DecompressionBombWarning)
    content = claimed_size(jpeg(draw_photo(0.5), format=format), width, height)
    (tmp_path / 'photo.jpg').write_bytes(content)
    monkeypatch.setattr(Image.Image, 'load', lambda image: pytest.fail('It was decoded'))

    for attempt in (
        lambda: open_photo(content),
        lambda: open_photo(tmp_path / 'photo.jpg'),
        lambda: photo_size(tmp_path / 'photo.jpg'),
    ):
        message = f'^TooManyPixels: {width * height:,} pixels; at most 64,000,000 are read$'
        with pytest.raises(UnreadablePhoto, match=message):
            attempt()


@pytest.mark.parametrize('width, height', [(2592, 1944), (6000, 4000), (8688, 5792), (9504, 6336)])
def test_the_photos_of_large_cameras_are_opened(width, height):
    content = jpeg(Image.new('RGB', (width, height), 'gray'))

    assert open_photo(content).size == (width, height)


def png_with(*chunks):
    """A PNG with further chunks behind its header."""
    content = jpeg(draw_photo(0.5), format='PNG')
    packed = b''.join(
        struct.pack('>I', len(body)) + name + body + struct.pack('>I', zlib.crc32(name + body))
        for name, body in chunks
    )
    return content[:33] + packed + content[33:]


@pytest.mark.parametrize(
    'content',
    [
        png_with((b'zTXt', b'Comment\0\0' + zlib.compress(bytes(50_000_000)))),
        png_with((b'iTXt', b'Comment\0\1\0\0\0' + zlib.compress(bytes(50_000_000)))),
        png_with((b'iCCP', b'profile\0\0' + zlib.compress(bytes(50_000_000)))),
        png_with(*[(b'zTXt', b'Comment\0\0' + zlib.compress(bytes(1_000_000)))] * 80),
    ],
    ids=['zTXt', 'iTXt', 'iCCP', 'many'],
)
def test_texts_and_profiles_that_unpack_to_more_than_a_photo_take_no_memory(content):
    tracemalloc.start()
    try:
        open_photo(content)
    except UnreadablePhoto as refusal:
        assert 'ValueError' in str(refusal)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(content) < 1_000_000
    assert peak < 160_000_000


def test_a_jpeg_with_endless_scans_is_refused(tmp_path):
    content = jpeg(draw_photo(0.5), progressive=True)
    last = content.rindex(b'\xff\xda')
    assert open_photo(content).size == (80, 60)

    with pytest.raises(UnreadablePhoto, match='TooManyScans: more than 100 scans'):
        open_photo(content[:last] + content[last:-2] * 101 + content[-2:])


def endless_parts():
    whole = jpeg(draw_photo(0.5))
    return {
        'comments': whole[:2] + b'\xff\xfe\0\2' * 500_000 + whole[2:],
        'application data': whole[:2] + b'\xff\xed\0\2' * 500_000 + whole[2:],
        'fill bytes': whole[:2] + b'\xff' * 2_000_000 + whole[2:],
        'chunks of a PNG': png_with(*[(b'tEXt', b'a\0b')] * 100_000),
    }


@pytest.mark.parametrize('kind', ['comments', 'application data', 'fill bytes', 'chunks of a PNG'])
def test_a_header_of_endless_parts_is_refused(tmp_path, kind):
    content = endless_parts()[kind]
    (tmp_path / 'photo.jpg').write_bytes(content)

    for attempt in (
        lambda: open_photo(content),
        lambda: open_photo(tmp_path / 'photo.jpg'),
        lambda: photo_size(tmp_path / 'photo.jpg'),
    ):
        with pytest.raises(UnreadablePhoto, match=r'^TooManyParts: more than 100,000 reads'):
            attempt()


def test_a_file_too_large_for_a_photo_is_not_read(tmp_path):
    with open(tmp_path / 'photo.jpg', 'wb') as file:
        file.write(jpeg(draw_photo(0.5)))
        file.truncate(64 * 2**20 + 1)  # a hole: it takes no room

    for attempt in (open_photo, photo_size):
        with pytest.raises(UnreadablePhoto, match='TooManyBytes: 67,108,865 bytes; at most 67,108,864'):
            attempt(tmp_path / 'photo.jpg')
