"""What upstream does in an epoch, re-created plainly: every row of pairs.csv is read from its two JPEGs, transformed, and
sent through the network side by side, mirrored rows included; a frozen body still computes its gradients' inputs.

    python benchmarks/reference/training.py IMAGES PAIRS_CSV INPUT_SIZE BATCH_SIZE UNFREEZE_AFTER EPOCHS

Prints the seconds of each epoch and its validation loss.
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
from network import RankNet

images, pairs_csv = Path(sys.argv[1]), sys.argv[2]
input_size, batch_size, unfreeze_after, epochs = map(int, sys.argv[3:7])
WORKERS = 4
torch.manual_seed(1691)


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
train = DataLoader(
    Rows(train_rows, T.Compose([resize, *augment, normalize])), batch_size, shuffle=True, num_workers=WORKERS
)
val = DataLoader(
    Rows(val_rows, T.Compose([resize, T.CenterCrop(crop), normalize])), batch_size, num_workers=WORKERS
)
print(f'start seconds={time.time() - started:.1f}', flush=True)

network = RankNet()
optimizer = torch.optim.SGD(network.parameters(), lr=0.001, momentum=0.9)


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
    print(
        f'epoch={epoch + 1}/{epochs} val_loss={sum(losses) / len(losses):.6f} seconds={time.time() - started:.1f}',
        flush=True,
    )
