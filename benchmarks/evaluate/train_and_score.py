"""Train one network as an experiment says and score a station's photos with it.

    PYTHONPATH=model python benchmarks/evaluate/train_and_score.py JOB.json

JOB.json  experiment · hyperparameters (of model/train.py) · images: folder of the photos · folder: where pairs.csv
          lies below values/, and where the training leaves its files · filenames: photos to score
Writes    scores.json into `folder`: score by place in `filenames`, null where a photo cannot be read; and what
          the training says of its epochs
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from experiments import EXPERIMENTS, Experiment

import train
from network import RankNet, load_checkpoint, load_published_state
from photos import UnreadablePhoto, open_photo, resize
from recipes import RECIPES
from training_job import choose_device, set_threads
from transforms import scoring_plan

ROOT = Path(__file__).resolve().parents[2]
BATCH = 32


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
        'SM_MODEL_DIR': str(folder / 'model'),
        'SM_OUTPUT_DIR': str(folder / 'output'),
        'SM_OUTPUT_DATA_DIR': str(folder / 'output' / 'data'),
    }


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


def main(job):
    set_threads()
    experiment = EXPERIMENTS[job['experiment']]
    RECIPES[job['experiment']] = experiment.recipe
    folder, environment = Path(job['folder']), environment_of(job)
    if experiment.upstream:
        train_as_upstream(job)
        epochs = None
    else:
        train.train(environment)
        epochs = json.loads((folder / 'output' / 'data' / 'training.json').read_text())['epochs']
    model, device = folder / 'model' / 'model.pth', choose_device(environment)
    scores = scores_of(model, job['images'], job['filenames'], experiment, device)
    result = {'scores': scores, 'epochs': epochs, 'device': device.type, 'torch': torch.__version__}
    (folder / 'scores.json').write_text(json.dumps(result))


if __name__ == '__main__':
    main(json.loads(Path(sys.argv[1]).read_text()))
