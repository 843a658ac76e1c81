"""Train one network as an experiment says and score a station's photos with it.

    PYTHONPATH=model python benchmarks/evaluate/train_and_score.py JOB.json

JOB.json  experiment · hyperparameters (of model/train.py) · images: folder of the photos · folder: where pairs.csv
          lies below values/, and where the training leaves its files · filenames: photos to score ·
          weights: folder of ImageNet weights, or null · start: model.pth of another station, or null
Writes    scores.json into `folder`: score by place in `filenames`, null where a photo cannot be read; and what
          the training says of its epochs
"""

import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import torch
from experiments import EXPERIMENTS, Experiment

import train
from network import RankNet, initialize_head, load_checkpoint, load_published_state
from photos import UnreadablePhoto, open_photo, resize
from recipes import RECIPES
from training_job import choose_device, set_threads
from transforms import scoring_plan

ROOT = Path(__file__).resolve().parents[2]
BATCH = 32
SEEDS_APART = 1000  # of networks that are trained with the same pairs


def environment_of(job):
    folder = Path(job['folder'])
    hyperparameters = {
        **job['hyperparameters'],
        **EXPERIMENTS[job['experiment']].hyperparameters,
        'recipe': job['experiment'],
        'checkpoint_dir': str(folder / 'checkpoints'),
    }
    return {
        'SM_HPS': json.dumps(hyperparameters),
        'SM_CHANNEL_IMAGES': job['images'],
        'SM_CHANNEL_VALUES': str(folder / 'values'),
        **({'SM_CHANNEL_WEIGHTS': job['weights']} if job.get('weights') else {}),
        **({'SM_CHANNEL_MODEL': model_channel(job)} if EXPERIMENTS[job['experiment']].start else {}),
        'SM_MODEL_DIR': str(folder / 'model'),
        'SM_OUTPUT_DIR': str(folder / 'output'),
        'SM_OUTPUT_DATA_DIR': str(folder / 'output' / 'data'),
    }


def model_channel(job):
    """Folder with the archive of the model to start from, as a model is published."""
    folder = Path(job['folder']) / 'start'
    folder.mkdir(exist_ok=True)
    with tarfile.open(folder / 'model.tar.gz', 'w:gz', compresslevel=1) as archive:
        archive.add(job['start'], 'model.pth')
    return str(folder)


def with_a_new_head(start_network):
    """`start_network` of train.py, but for the head, which starts from chance."""

    def start(settings, folders):
        network = start_network(settings, folders)
        initialize_head(network)
        return network

    return start


def train_as_upstream(job):
    folder, values = Path(job['folder']), job['hyperparameters']
    names = ('input_size', 'batch_size', 'unfreeze_after', 'n_epochs', 'learning_rate', 'random_seed')
    (folder / 'model').mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [
            *(sys.executable, str(ROOT / 'benchmarks/reference/training.py')),
            *(job['images'], str(folder / 'values' / 'pairs.csv')),
            *(str(values[name]) for name in names),
            *(str(folder / 'model' / 'model.pth'), '0'),
        ],
        check=True,
    )


@torch.no_grad()
def scores_of(model, images, filenames, experiment: Experiment, device):
    """Of each photo, as the published checkpoint's `eval` transform shows it; None if it cannot be read."""
    checkpoint = load_checkpoint(model)
    network = RankNet()
    load_published_state(network, checkpoint['model_state_dict'], str(model))
    network.eval().to(device)
    plan = scoring_plan(checkpoint['transforms']['eval'])
    scores = [None] * len(filenames)
    for chosen in torch.arange(len(filenames)).split(BATCH):
        places, batch = [], []
        for place in chosen.tolist():
            try:
                batch.append(
                    parts_of(open_photo(os.path.join(images, filenames[place])), plan, experiment.views)
                )
                places.append(place)
            except UnreadablePhoto:
                continue
        if batch:
            means = network(torch.cat(batch).to(device)).view(len(batch), -1).mean(dim=1)
            for place, score in zip(places, means.tolist()):
                scores[place] = score
    return scores


def parts_of(photo, plan, views):
    """A photo as the network sees it: its center, then its corners; (views, 3, h, w)."""
    center = plan.prepare(photo)[None]
    if views == 1:
        return center
    (height, width), (crop_height, crop_width) = plan.sizes
    whole = torch.from_numpy(resize(np.asarray(photo), plan.sizes.resized)).permute(2, 0, 1).div(255)
    corners = [(top, left) for top in (0, height - crop_height) for left in (0, width - crop_width)]
    crops = torch.stack(
        [whole[:, top : top + crop_height, left : left + crop_width] for top, left in corners]
    )
    for step in plan.color_steps:
        crops = step(crops)
    return torch.cat([center, crops[: views - 1]])


def trained_scores(job, experiment):
    """Scores of one network, trained as the job says, and what its training says of its epochs."""
    folder, environment = Path(job['folder']), environment_of(job)
    if experiment.upstream:
        train_as_upstream(job)
        epochs = None
    else:
        train.train(environment)
        epochs = json.loads((folder / 'output' / 'data' / 'training.json').read_text())['epochs']
    device = choose_device(environment)
    scores = scores_of(folder / 'model' / 'model.pth', job['images'], job['filenames'], experiment, device)
    return scores, epochs, device


def job_of_network(job, number):
    """The job of the first network is the job itself; another one has another seed, and a folder of its own."""
    if number == 0:
        return job
    folder = Path(job['folder']) / f'network-{number + 1}'
    folder.mkdir()
    (folder / 'values').symlink_to(Path(job['folder']) / 'values')
    seed = job['hyperparameters']['random_seed'] + SEEDS_APART * number
    return {**job, 'folder': str(folder), 'hyperparameters': {**job['hyperparameters'], 'random_seed': seed}}


def averaged(scores):
    """Mean of the standardized scores of several networks by photo; their scales and origins mean nothing."""
    if len(scores) == 1:
        return scores[0]
    table = np.array(scores, dtype=float)  # None becomes nan
    centers, spreads = np.nanmean(table, axis=1, keepdims=True), np.nanstd(table, axis=1, keepdims=True)
    means = ((table - centers) / spreads).mean(axis=0)
    return [None if np.isnan(mean) else float(mean) for mean in means]


def main(job):
    set_threads()
    experiment = EXPERIMENTS[job['experiment']]
    RECIPES[job['experiment']] = experiment.recipe
    if experiment.start == 'body':
        train.start_network = with_a_new_head(train.start_network)
    trained = [
        trained_scores(job_of_network(job, number), experiment) for number in range(experiment.networks)
    ]
    _, epochs, device = trained[0]
    result = {
        'scores': averaged([scores for scores, _, _ in trained]),
        'epochs': epochs,
        'device': device.type,
        'torch': torch.__version__,
    }
    (Path(job['folder']) / 'scores.json').write_text(json.dumps(result))


if __name__ == '__main__':
    main(json.loads(Path(sys.argv[1]).read_text()))
