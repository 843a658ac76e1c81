import pickle
from dataclasses import replace

import pytest
import torch
from conftest import draw_photo
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision import transforms as T

from checkpoint_file import read_checkpoint_file
from hyperparameters import Hyperparameters
from transforms import (
    Coloring,
    Jitter,
    PhotoTransforms,
    Sizes,
    apply_transform,
    central_views,
    checkpoint_transforms,
    crop_views,
    prepare_batch,
    random_views,
    scoring_plan,
    sizes_for,
    training_views,
    turn_off_antialiasing,
)

MEAN, SD = [0.4, 0.5, 0.6], [0.2, 0.25, 0.3]
SETTINGS = {
    'normalized': {},
    'gray': {'decolorize': True},
    'plain': {'normalize': False},
}


def described(colors='normalized', aspect=4 / 3, input_size=48, **changed):
    return PhotoTransforms.of(
        Hyperparameters(input_size=input_size, **SETTINGS[colors], **changed), aspect, MEAN, SD
    )


def as_photos(count, size):
    return torch.randint(0, 256, (count, *size, 3), dtype=torch.uint8)


@pytest.mark.parametrize(
    'aspect, input_size, resized, cropped',
    [
        (4 / 3, 480, (480, 640), (384, 512)),
        (16 / 9, 480, (480, 853), (384, 682)),
        (4 / 3, 128, (128, 170), (102, 136)),
    ],
)
def test_sizes_are_those_of_published_models(aspect, input_size, resized, cropped):
    assert sizes_for(aspect, input_size) == Sizes(resized, cropped)


def test_the_transforms_have_upstream_s_steps_in_their_order_q_t8():
    transforms = checkpoint_transforms(described())

    def names(key):
        return [type(step).__name__ for step in transforms[key].transforms]

    assert names('eval') == ['Resize', 'CenterCrop', 'Normalize']
    assert names('train') == [
        'Resize',
        'RandomCrop',
        'RandomHorizontalFlip',
        'RandomRotation',
        'ColorJitter',
        'Normalize',
    ]


def test_decolorize_makes_gray_and_does_not_normalize():
    transforms = checkpoint_transforms(described('gray', augment=False))

    assert [type(step).__name__ for step in transforms['train'].transforms] == [
        'Resize',
        'Grayscale',
        'CenterCrop',
    ]


def test_antialiasing_is_off_by_name():
    transforms = checkpoint_transforms(described())

    assert transforms['eval'].transforms[0].antialias is False


def test_the_transforms_survive_pickling():
    transform = checkpoint_transforms(described(augment=False))['eval']
    photo = torch.rand(3, 60, 80)

    assert torch.equal(pickle.loads(pickle.dumps(transform))(photo), transform(photo))


def with_draws(transform, views, index):
    """The pickled `train` transform, made to draw what the fast path has drawn for one photo."""
    transform = pickle.loads(pickle.dumps(transform))
    for step in transform.transforms:
        if isinstance(step, T.RandomCrop):
            corner = int(views.top[index]), int(views.left[index])
            step.get_params = lambda _, size, corner=corner: (*corner, *size)
        elif isinstance(step, T.RandomHorizontalFlip):
            step.p = float(views.flip[index])
        elif isinstance(step, T.RandomRotation):
            step.get_params = lambda _: float(views.degrees[index])
        elif isinstance(step, T.ColorJitter) and views.coloring:
            drawn = [factor[index].item() for factor in views.coloring.factors.unbind(1)]
            order = views.coloring.order[index].tolist()
            step.get_params = lambda *_, drawn=(order, *drawn, None): drawn
    return transform


def prepared_both_ways(photo, photos, views):
    """What the fast path and the pickled transform make of the same photos and draws."""
    batch = prepare_batch(crop_views(list(photos), views, photo.sizes.cropped), views, photo)
    transform = checkpoint_transforms(photo)['train']
    expected = [
        with_draws(transform, views, index)(one.permute(2, 0, 1) / 255) for index, one in enumerate(photos)
    ]
    return batch, torch.stack(expected)


reaches = st.sampled_from([0.0, 0.1, 0.4, 1.0])


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(
    colors=st.sampled_from(sorted(SETTINGS)),
    augment=st.booleans(),
    jitter=st.tuples(reaches, reaches, reaches),
    seed=st.integers(0, 2**31),
)
def test_the_fast_path_equals_the_pickled_transform(colors, augment, jitter, seed):
    photo = replace(described(colors, input_size=60, augment=augment), jitter=Jitter(*jitter))
    generator = torch.Generator().manual_seed(seed)
    photos = torch.randint(0, 256, (6, *photo.sizes.resized, 3), dtype=torch.uint8, generator=generator)
    views = training_views(6, photo, generator)

    # Where a source lies halfway between two pixels, rounding may take either: seldom, and for turned photos only.
    turned, expected = prepared_both_ways(photo, photos, views)
    other = (turned - expected).abs().amax(1) > 0.02
    assert other.float().mean() < 0.01

    straight = views._replace(degrees=torch.zeros(6))
    batch, expected = prepared_both_ways(photo, photos, straight)
    assert torch.allclose(batch, expected, atol=2e-5)


def test_a_jitter_of_zeros_is_the_color_jitter_without_arguments_q_t8():
    photo = described()

    assert pickle.dumps(checkpoint_transforms(photo)['train'].transforms[4]) == pickle.dumps(T.ColorJitter())
    # Its seed draws what it drew before there was a jitter.
    generator, former = torch.Generator().manual_seed(5), torch.Generator().manual_seed(5)
    views = random_views(7, photo, generator)
    (height, width), (crop_height, crop_width) = photo.sizes
    for drawn, limit in (
        (views.top, height - crop_height + 1),
        (views.left, width - crop_width + 1),
        (views.flip, 2),
    ):
        assert torch.equal(drawn, torch.randint(limit, (7,), generator=former).to(drawn.dtype))
    assert torch.equal(views.degrees, (torch.rand(7, generator=former) * 2 - 1) * 10)
    assert views.coloring is None
    assert torch.equal(generator.get_state(), former.get_state())


def test_jitter_draws_factors_of_its_reach_in_any_order():
    photo = described(jitter_brightness=0.3, jitter_contrast=0.1, jitter_saturation=0.0)

    coloring = random_views(3000, photo, torch.Generator().manual_seed(1)).coloring

    lowest, highest = coloring.factors.amin(0), coloring.factors.amax(0)
    assert torch.allclose(lowest, torch.tensor([0.7, 0.9, 1.0]), atol=2e-3)
    assert torch.allclose(highest, torch.tensor([1.3, 1.1, 1.0]), atol=2e-3)
    orders = {tuple(order) for order in coloring.order.tolist()}
    assert len(orders) == 6


def test_a_photo_that_does_not_augment_is_not_varied():
    photo = described(augment=False, jitter_brightness=0.5)

    assert training_views(4, photo, torch.Generator()).coloring is None
    assert not any(
        isinstance(step, T.ColorJitter) for step in checkpoint_transforms(photo)['train'].transforms
    )


def test_coloring_leaves_the_photos_of_the_batch_that_it_does_not_name_and_its_input_alone():
    photo = described('plain')
    crops = as_photos(2, photo.sizes.cropped)
    factors = torch.tensor([[1.0, 1.0, 1.0], [0.5, 1.0, 1.0]])
    views = central_views(2, photo.sizes)._replace(
        coloring=Coloring(factors, torch.tensor([[0, 1, 2], [2, 1, 0]]))
    )
    before = crops.clone()

    batch = prepare_batch(crops, views, photo)

    assert torch.allclose(batch[0], crops[0].permute(2, 0, 1) / 255, atol=1e-6)
    assert torch.allclose(batch[1], crops[1].permute(2, 0, 1) / 255 * 0.5, atol=1e-6)
    assert torch.equal(crops, before)


def test_a_jitter_survives_the_checkpoint_and_our_reader_of_it(tmp_path):
    photo = described(jitter_brightness=0.2, jitter_contrast=0.3, jitter_saturation=0.4)
    torch.save({'transforms': checkpoint_transforms(photo)}, tmp_path / 'model.pth')

    # As FPE's tools read it, and as we do.
    theirs = torch.load(tmp_path / 'model.pth', weights_only=False)['transforms']['train']
    ours = read_checkpoint_file(tmp_path / 'model.pth')['transforms']['train']

    for transform in (theirs, ours):
        step = next(step for step in transform.transforms if isinstance(step, T.ColorJitter))
        reaches = [list(reach) for reach in (step.brightness, step.contrast, step.saturation)]
        assert reaches == [[0.8, 1.2], [0.7, 1.3], [0.6, 1.4]]
        assert step.hue is None
        torch.manual_seed(3)
        prepared = transform(torch.rand(3, 60, 80))
        assert prepared.shape == (3, *photo.sizes.cropped)


def test_central_views_are_those_of_the_eval_transform():
    photo = described(aspect=16 / 9, input_size=61)
    photos = as_photos(2, photo.sizes.resized)
    views = central_views(2, photo.sizes)

    batch = prepare_batch(crop_views(list(photos), views, photo.sizes.cropped), views, photo)

    transform = checkpoint_transforms(photo)['eval']
    expected = torch.stack([transform(one.permute(2, 0, 1) / 255) for one in photos])
    assert torch.allclose(batch, expected, atol=1e-5)


def test_random_views_stay_inside_the_photo_and_reach_its_borders():
    photo = described(input_size=40)
    sizes = photo.sizes

    views = random_views(3000, photo, torch.Generator().manual_seed(1))

    assert (int(views.top.min()), int(views.top.max())) == (0, sizes.resized[0] - sizes.cropped[0])
    assert (int(views.left.min()), int(views.left.max())) == (0, sizes.resized[1] - sizes.cropped[1])
    assert 0.45 < float(views.flip.float().mean()) < 0.55
    assert 9 < float(views.degrees.max()) <= 10
    assert -10 <= float(views.degrees.min()) < -9


@pytest.mark.parametrize('colors', SETTINGS)
@pytest.mark.parametrize('size', [(80, 60), (256, 192), (100, 31)])
def test_the_scoring_plan_equals_the_transform(colors, size):
    transform = checkpoint_transforms(described(colors, input_size=60))['eval']
    photo = draw_photo(0.4, size=size)

    prepared = scoring_plan(transform).prepare(photo)

    assert torch.allclose(prepared, apply_transform(transform, photo), atol=1e-5)


@pytest.mark.parametrize(
    'transform',
    [
        T.Compose([T.Resize(40, antialias=False), T.CenterCrop((32, 42))]),
        T.Compose([T.Resize((40, 53), antialias=True), T.CenterCrop((32, 42))]),
        T.Compose([T.Resize((40, 53), antialias=False), T.CenterCrop((50, 60))]),
        T.Compose([T.Resize((40, 53), antialias=False), T.CenterCrop((32, 42)), T.GaussianBlur(3)]),
        torch.nn.Identity(),
    ],
)
def test_an_unfamiliar_transform_has_no_scoring_plan(transform):
    assert scoring_plan(transform) is None


def test_no_antialiasing_is_what_torchvision_0_14_means_by_none():
    transform = T.Compose([T.Resize((40, 53))])
    transform.transforms[0].antialias = None

    turn_off_antialiasing(transform)

    assert transform.transforms[0].antialias is False
