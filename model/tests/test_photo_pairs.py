from collections import Counter

import numpy as np
import pytest
import torch
from conftest import draw_photo

import photo_pairs
from errors import InvalidPairs, NotEnoughPairs
from photo_pairs import (
    PairRow,
    average_statistics,
    distinct_pairs,
    drop_unreadable,
    file_names,
    median_aspect,
    photo_statistics,
    read_pairs,
    read_photos,
    readable_sizes,
    sample_for_statistics,
)

HEADER = 'split,pair,filename_1,filename_2,label\n'


def test_pairs_csv_is_read_row_by_row(station):
    rows = read_pairs(station.root / 'values' / 'pairs.csv')

    assert rows[0] == PairRow('train', '1', station.names[0], station.names[3], -1)
    assert rows[1] == PairRow('train', '1', station.names[3], station.names[0], 1)


@pytest.mark.parametrize('label, expected', [('-0', 0), ('1.0', 1), ('-1', -1)])
def test_labels_are_whole_numbers_however_they_are_written(tmp_path, label, expected):
    (tmp_path / 'pairs.csv').write_text(f'{HEADER}train,1,a,b,{label}\n')

    assert read_pairs(tmp_path / 'pairs.csv')[0].label == expected


@pytest.mark.parametrize(
    'text, message',
    [
        ('split,pair,filename_1,filename_2\n', 'no column label'),
        (HEADER + 'train,1,a,b,2\n', "label '2' in line 2"),
        (HEADER + 'train,1,a,b,NA\n', "label 'NA' in line 2"),
        (HEADER + 'test,1,a,b,1\n', "split 'test' in line 2"),
    ],
)
def test_a_malformed_pairs_csv_is_refused(tmp_path, text, message):
    (tmp_path / 'pairs.csv').write_text(text)

    with pytest.raises(InvalidPairs, match=message):
        read_pairs(tmp_path / 'pairs.csv')


def test_a_pair_and_its_mirror_become_one_that_counts_twice():
    rows = [
        PairRow('train', '1', 'b', 'a', 1),
        PairRow('train', '1', 'a', 'b', -1),
        PairRow('train', '2', 'a', 'b', 0),
    ]

    pairs = distinct_pairs(rows, {'a': 0, 'b': 1})

    assert pairs.photo_1.tolist() == [0, 0]
    assert pairs.photo_2.tolist() == [1, 1]
    assert pairs.label.tolist() == [-1, 0]
    assert pairs.rows.tolist() == [2, 1]


@pytest.mark.parametrize('batch_size, expected', [(16, 8), (2, 1), (64, 32)])
def test_the_batch_size_counts_rows(batch_size, expected):
    rows = [PairRow('train', str(n), *names, 1) for n in range(20) for names in (('a', 'b'),)]
    mirrored = rows + [PairRow('train', row.pair, 'b', 'a', -1) for row in rows]

    assert distinct_pairs(mirrored, {'a': 0, 'b': 1}).pairs_per_batch(batch_size) == expected


def test_pairs_with_an_unreadable_photo_are_left_out():
    rows = [
        PairRow('train', '1', 'a', 'b', 1),
        PairRow('train', '2', 'b', 'c', 1),
        PairRow('val', '3', 'c', 'd', 1),
    ]

    assert drop_unreadable(rows, {'a'}) == rows[1:]


@pytest.mark.parametrize('unreadable, words', [({'a'}, 'left for training'), ({'d'}, 'left for validation')])
def test_a_split_without_pairs_is_refused(unreadable, words):
    rows = [PairRow('train', '1', 'a', 'b', 1), PairRow('val', '3', 'c', 'd', 1)]

    with pytest.raises(NotEnoughPairs, match=words):
        drop_unreadable(rows, unreadable)


def test_the_aspect_is_the_median_one_q_t4():
    assert median_aspect([(60, 80), (60, 100), (60, 80), (30, 90)]) == 80 / 60


def test_the_sample_takes_first_photos_of_rows_and_is_seeded():
    rows = [PairRow('train', str(n), f'left {n % 5}', 'right', 1) for n in range(50)]

    assert sample_for_statistics(rows, 10, 3) == sample_for_statistics(rows, 10, 3)
    assert sum(sample_for_statistics(rows, 10, 3).values()) == 10
    assert sample_for_statistics(rows, 1000, 3) == Counter({f'left {n}': 10 for n in range(5)})


def test_photo_statistics_are_mean_and_unbiased_sd_of_each_channel():
    image = draw_photo(0.3)
    pixels = np.asarray(image).reshape(-1, 3) / 255

    statistics = photo_statistics(image)

    assert np.allclose(statistics.mean, pixels.mean(0))
    assert np.allclose(statistics.sd, pixels.std(0, ddof=1))


def test_statistics_are_averaged_over_the_sampled_rows_q_t10(station):
    measured = Counter({station.names[0]: 3, station.names[1]: 1})
    photos = read_photos(station.names, station.root / 'images', (30, 40), measured, 2)
    first, second = (photos.statistics[name].mean[0] for name in station.names[:2])

    assert average_statistics(photos, measured).mean[0] == pytest.approx((3 * first + second) / 4)


def test_statistics_of_unreadable_photos_alone_are_refused(station):
    photos = read_photos(station.names, station.root / 'images', (30, 40), Counter(), 2)

    with pytest.raises(NotEnoughPairs, match='mean and sd'):
        average_statistics(photos, Counter(['gone.jpg']))


def test_each_photo_is_decoded_once(station, monkeypatch):
    opened = Counter()
    monkeypatch.setattr(
        photo_pairs,
        'open_photo',
        lambda path, open_photo=photo_pairs.open_photo: opened.update([path]) or open_photo(path),
    )
    rows = read_pairs(station.root / 'values' / 'pairs.csv')

    read_photos(file_names(rows), station.root / 'images', (30, 40), Counter(), 2)

    assert len(opened) == len(station.names)
    assert set(opened.values()) == {1}


def test_broken_gray_and_cmyk_photos_are_counted_or_converted_q_t3(station):
    station.save(station.names[1], draw_photo(0.5, mode='L'))
    station.save(station.names[2], draw_photo(0.5, mode='CMYK'))
    content = station.path(station.names[3]).read_bytes()
    station.path(station.names[3]).write_bytes(content[: len(content) // 2])
    station.path(station.names[4]).write_bytes(b'')
    station.path(station.names[5]).unlink()

    _, without_header = readable_sizes(station.names, station.root / 'images')
    photos = read_photos(station.names, station.root / 'images', (30, 40), Counter(), 2)

    assert set(without_header) == {station.names[4], station.names[5]}
    assert set(photos.unreadable) == set(station.names[3:6])
    assert set(photos.positions) == set(station.names) - set(station.names[3:6])
    gray = photos.pixels[photos.positions[station.names[1]]]
    assert torch.equal(gray[..., 0], gray[..., 2])


def test_photos_that_do_not_fit_into_memory_are_kept_in_a_file(station, monkeypatch):
    in_memory = read_photos(station.names, station.root / 'images', (30, 40), Counter(), 2)
    monkeypatch.setattr(photo_pairs, '_free_memory', lambda: 1000)

    in_a_file = read_photos(station.names, station.root / 'images', (30, 40), Counter(), 2)

    assert torch.equal(in_memory.pixels, in_a_file.pixels)
