import pickle

import pytest
import torch
from torchvision import transforms as T
from torchvision.transforms import functional as TF

from conftest import draw_photo
from transforms import (
    Colours,
    Sizes,
    Views,
    apply_transform,
    central_views,
    checkpoint_transforms,
    crop_views,
    prepare_batch,
    random_views,
    scoring_plan,
    sizes_for,
    turn_off_antialiasing,
)

NORMALIZED = Colours(False, [0.4, 0.5, 0.6], [0.2, 0.25, 0.3])
GREY = Colours(True, None, None)
PLAIN = Colours(False, None, None)


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
    transforms = checkpoint_transforms(sizes_for(4 / 3, 48), NORMALIZED, augment=True)

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


def test_decolorize_makes_grey_and_does_not_normalize():
    transforms = checkpoint_transforms(sizes_for(4 / 3, 48), GREY, augment=False)

    assert [type(step).__name__ for step in transforms['train'].transforms] == [
        'Resize',
        'Grayscale',
        'CenterCrop',
    ]


def test_antialiasing_is_off_by_name():
    transforms = checkpoint_transforms(sizes_for(4 / 3, 48), NORMALIZED, augment=True)

    assert transforms['eval'].transforms[0].antialias is False


def test_the_transforms_survive_pickling():
    transform = checkpoint_transforms(sizes_for(4 / 3, 48), NORMALIZED, augment=False)['eval']
    photo = torch.rand(3, 60, 80)

    assert torch.equal(pickle.loads(pickle.dumps(transform))(photo), transform(photo))


@pytest.mark.parametrize('colours', [NORMALIZED, GREY, PLAIN])
def test_a_batch_is_prepared_as_torchvision_does_it_photo_by_photo(colours):
    sizes = sizes_for(4 / 3, 60)
    photos = as_photos(6, sizes.resized)
    views = Views(
        torch.tensor([0, 3, 12, 5, 7, 1]),
        torch.tensor([0, 9, 16, 2, 4, 8]),
        torch.tensor([False, True, False, True, True, False]),
        torch.tensor([0.0, 0.0, 7.3, -9.6, 4.4, -0.7]),
    )

    batch = prepare_batch(crop_views(list(photos), views, sizes.cropped), views, colours)

    for index, prepared in enumerate(batch):
        expected = TF.crop(
            photos[index].permute(2, 0, 1) / 255,
            int(views.top[index]),
            int(views.left[index]),
            *sizes.cropped,
        )
        expected = TF.hflip(expected) if views.flip[index] else expected
        expected = TF.rotate(expected, float(views.degrees[index]))
        for step in colours.steps():
            expected = step(expected)
        # Where a source lies halfway between two pixels, rounding may take either.
        other = (prepared - expected).abs().amax(0) > 1e-5
        assert other.float().mean() < 0.01


def test_central_views_are_those_of_the_eval_transform():
    sizes = sizes_for(16 / 9, 61)
    photos = as_photos(2, sizes.resized)
    views = central_views(2, sizes)

    batch = prepare_batch(crop_views(list(photos), views, sizes.cropped), views, NORMALIZED)

    transform = checkpoint_transforms(sizes, NORMALIZED, augment=False)['eval']
    expected = torch.stack([transform(photo.permute(2, 0, 1) / 255) for photo in photos])
    assert torch.allclose(batch, expected, atol=1e-5)


def test_random_views_stay_inside_the_photo_and_reach_its_borders():
    sizes = sizes_for(4 / 3, 40)

    views = random_views(3000, sizes, torch.Generator().manual_seed(1))

    assert (int(views.top.min()), int(views.top.max())) == (0, sizes.resized[0] - sizes.cropped[0])
    assert (int(views.left.min()), int(views.left.max())) == (0, sizes.resized[1] - sizes.cropped[1])
    assert 0.45 < float(views.flip.float().mean()) < 0.55
    assert 9 < float(views.degrees.max()) <= 10
    assert -10 <= float(views.degrees.min()) < -9


@pytest.mark.parametrize('colours', [NORMALIZED, GREY, PLAIN])
@pytest.mark.parametrize('size', [(80, 60), (256, 192), (100, 31)])
def test_the_scoring_plan_equals_the_transform(colours, size):
    transform = checkpoint_transforms(sizes_for(4 / 3, 60), colours, augment=False)['eval']
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
