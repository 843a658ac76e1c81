"""What upstream does in an epoch, re-created plainly: every row of pairs.csv is read from its two JPEGs, transformed, and
sent through the network side by side, mirrored rows included; a frozen body still computes its gradients' inputs.

    python benchmarks/reference/training.py IMAGES PAIRS_CSV INPUT_SIZE BATCH_SIZE UNFREEZE_AFTER EPOCHS \\
        [LEARNING_RATE SEED MODEL [WORKERS]]

Prints the seconds of each epoch and its validation loss. Writes MODEL, the checkpoint of the epoch of lowest validation
loss, as upstream's has it.
"""

import csv
import sys
import time
from pathlib import Path

import torch
import torchvision.transforms as T
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset
from torchvision.io import read_image

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / 'model'))
from network import RankNet, initialize_head, published_state

images, pairs_csv = Path(sys.argv[1]), sys.argv[2]
input_size, batch_size, unfreeze_after, epochs = map(int, sys.argv[3:7])
learning_rate, seed, model_path, workers = [*sys.argv[7:11], *('0.001', '1691', '', '4')[len(sys.argv) - 7 :]]
WORKERS = int(workers)
torch.manual_seed(int(seed))


class Rows(Dataset):
    def __init__(self, rows, transform):
        self.rows, self.transform = rows, transform

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        row = self.rows[index]
        one, two = (self.transform(read(row[f'filename_{side}'])) for side in (1, 2))
        return one, two, int(row['label'])


def read(filename):
    return read_image(str(images / filename)) / 255


with open(pairs_csv, newline='') as file:
    rows = list(csv.DictReader(file))
train_rows = [row for row in rows if row['split'] == 'train']
val_rows = [row for row in rows if row['split'] == 'val']

started = time.time()
_, height, width = read(train_rows[0]['filename_1']).shape
aspect = width / height
sample = [read(row['filename_1']) for row in train_rows[:1000]]
mean = torch.stack([photo.mean((1, 2)) for photo in sample]).mean(0).tolist()
sd = torch.stack([photo.std((1, 2)) for photo in sample]).mean(0).tolist()
del sample
resize = T.Resize((input_size, int(input_size * aspect)), antialias=False)
crop = (int(0.8 * input_size), int(0.8 * input_size * aspect))
normalize = T.Normalize(mean, sd)
augment = [T.RandomCrop(crop), T.RandomHorizontalFlip(), T.RandomRotation(10), T.ColorJitter()]
transforms = {
    'train': T.Compose([resize, *augment, normalize]),
    'eval': T.Compose([resize, T.CenterCrop(crop), normalize]),
}
train = DataLoader(Rows(train_rows, transforms['train']), batch_size, shuffle=True, num_workers=WORKERS)
val = DataLoader(Rows(val_rows, transforms['eval']), batch_size, num_workers=WORKERS)
print(f'start seconds={time.time() - started:.1f}', flush=True)

network = RankNet()
if model_path:
    initialize_head(network)  # as model/train.py without ImageNet weights, from which upstream always starts
optimizer = torch.optim.SGD(network.parameters(), lr=float(learning_rate), momentum=0.9)
scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1, factor=0.5)
lowest = float('inf')


def loss_of(batch):
    one, two, label = batch
    return F.binary_cross_entropy_with_logits(network(one) - network(two), (label + 1) / 2)


for epoch in range(epochs):
    started = time.time()
    for parameter in network.resnetbody.parameters():
        parameter.requires_grad = epoch >= unfreeze_after
    network.train()
    for batch in train:
        optimizer.zero_grad()
        loss_of(batch).backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        losses = [float(loss_of(batch)) for batch in val]
    val_loss = sum(losses) / len(losses)
    scheduler.step(val_loss)
    if model_path and val_loss < lowest:
        lowest = val_loss
        params = {'aspect': aspect, 'input_shape': list(crop), 'img_sample_mean': mean, 'img_sample_std': sd}
        state = published_state(network)
        torch.save({'model_state_dict': state, 'transforms': transforms, 'params': params}, model_path)
    print(
        f'epoch={epoch + 1}/{epochs} val_loss={val_loss:.6f} seconds={time.time() - started:.1f}',
        flush=True,
    )
