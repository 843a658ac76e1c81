"""Errors raised on purpose, in words a person can act on; the same form as `shared/errors.ts`.

What a docstring says below its first paragraph is who mends the error and how, for docs/errors.md.
"""

import re
from pathlib import Path

# SageMaker shows this many characters of the failure file as the job's FailureReason.
FAILURE_CHARACTERS = 1024
# `<_io.BytesIO object at 0x7f3a…>`: different each time, and of no use to anybody.
ADDRESS = re.compile(r'( at)? 0x[0-9a-fA-F]{6,}')


class PipelineError(Exception):
    """Base of the errors that this code raises on purpose. Their names are public: do not rename them."""

    def __init__(self, what: str, where: str, found: str, expected: str, fix: str):
        super().__init__(f'{what} ({where}). Found: {found}. Expected: {expected}. To fix: {fix}.')


class InvalidHyperparameters(PipelineError):
    """A hyperparameter is unknown, has the wrong type, or is out of range.

    Kind: input.
    Hydrologist: correct the parameter that the message names, and start a new execution.
    """


class MissingChannel(PipelineError):
    """A folder that SageMaker fills before the training starts is missing.

    Kind: program.
    Developer: the machine gives every job its channels: report it. In a script of your own, give the job that
    channel.
    """


class PretrainedWeightsMissing(PipelineError):
    """`pretrained` is on, and the `weights` channel does not hold the weights of a ResNet-18.

    Kind: set-up.
    Hydrologist: start with `"pretrained": false`.
    Operator: upload the weights once (README, “ImageNet weights”), then redrive.
    """


class StartModelUnusable(PipelineError):
    """The archive of the model that `start_from` names is damaged, or holds no model of this network.

    Kind: input.
    Hydrologist: name another station’s model in `start_from`, or leave it out, and start a new execution.
    """


class InvalidPairs(PipelineError):
    """pairs.csv does not have the columns or labels that the contract names.

    Kind: own-file.
    Developer: report it; the file was written or changed by something else than this pipeline.
    """


class NotEnoughPairs(PipelineError):
    """No pair is left to train with, or none to validate with.

    Kind: data.
    Operator: photos that cannot be read take their pairs with them: upload these photos again; the job’s log
    names them.
    Hydrologist: or annotate more pairs.
    """


class GpuUnavailable(PipelineError):
    """The instance has a GPU, but PyTorch finds none that it can use.

    Kind: deployment.
    Operator: set the training image for GPUs, or another type of instance, in the stage’s file; deploy, and start a
    new execution.
    """


class TrainingDiverged(PipelineError):
    """The loss is no longer a number.

    Kind: learning.
    Hydrologist: lower `learning_rate`, and start a new execution.
    """


class InvalidCheckpoint(PipelineError):
    """A file does not contain a model of this network.

    Kind: foreign-file.
    Operator: put back the file that was published, or the weights of torchvision; then redrive.
    """


class UnsafeCheckpoint(PipelineError):
    """A checkpoint names a class or a function that no model needs: loading it may run foreign code.

    Kind: foreign-file.
    Operator: find out who changed the file, and put back the one that was published.
    """


def without_addresses(text: str) -> str:
    """The text without memory addresses, so that the same fault always has the same message."""
    return ADDRESS.sub('', text)


def reason_of(error: BaseException) -> str:
    """Class and message of an error on one line, for one of our messages, an answer or a log."""
    return without_addresses(' '.join(f'{type(error).__name__}: {error}'.split()))


def failure_line(error: BaseException) -> str:
    """The error as one line of at most 1024 characters, its name first."""
    return reason_of(error)[:FAILURE_CHARACTERS]


def write_failure(error: BaseException, output_folder: Path) -> None:
    """Leave the reason where SageMaker looks for it: the file `failure` in the output folder."""
    output_folder.mkdir(parents=True, exist_ok=True)
    (output_folder / 'failure').write_text(failure_line(error) + '\n', encoding='utf-8')
