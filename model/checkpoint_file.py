"""Reading checkpoints without running their contents.

A checkpoint is a pickle, and a pickle is a program: it may name any function on the machine and have it
called. So `torch.load` is not used. The reader below supports both formats that `torch.save` has written, and
carries out only the pickle instructions that checkpoints need. A name in the pickle (GLOBAL) stands for
itself, never for the thing it names: what it may do is looked up in MAKERS and CLASSES, and everything else
is refused by that name.

Formats: torch/serialization.py, `_save` and `_legacy_save`. Alike for torch 1.13 and all of 2.x; their own
`weights_only` knows no torchvision classes, or cannot be told of them.
"""

from __future__ import annotations

import io
import math
import os
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor
from torchvision import transforms as T

from errors import InvalidCheckpoint, UnsafeCheckpoint, reason_of

# A checkpoint of this network has 46 MB, with the optimizer's momenta 91 MB.
MAX_FILE_BYTES = 512 * 2**20
# Its pickle has 60 kB. A byte of one may be an instruction, and make an object of some hundred bytes.
MAX_PICKLE_BYTES = 4 * 2**20
# Number of values in a pickle, each as often as it is reached: one stored once may be part of many.
MAX_VALUES = 1_000_000
MAX_DEPTH = 32
MAX_DIMENSIONS = 64
MAX_DIGITS = 20
MAX_REFERENCE_PARTS = 6
MAX_COPIED_PARTS = 16 * 2**20
# What `torch.save` wrote before PyTorch 1.6 begins with these two pickles.
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_VERSION = 1001

STORAGE_TYPES = {
    f'torch {name}Storage': dtype
    for name, dtype in {
        'Float': torch.float32,
        'Double': torch.float64,
        'Half': torch.float16,
        'BFloat16': torch.bfloat16,
        'Long': torch.int64,
        'Int': torch.int32,
        'Short': torch.int16,
        'Char': torch.int8,
        'Byte': torch.uint8,
        'Bool': torch.bool,
    }.items()
}
# Names in FPE's published models, and in ours (contract 5.3).
TRANSFORMS = (
    T.Compose,
    T.Resize,
    T.CenterCrop,
    T.RandomCrop,
    T.RandomHorizontalFlip,
    T.RandomRotation,
    T.ColorJitter,
    T.Grayscale,
    T.Normalize,
)
NUMPY_TYPES = frozenset(f'{kind}{size}' for kind in 'fiu' for size in (1, 2, 4, 8)) | {'b1'}
ALLOWED = 'tensors, plain Python and numpy values, and the torchvision transforms ' + ', '.join(
    transform.__name__ for transform in TRANSFORMS
)


# Instructions for plain values, up to protocol 4; a bytearray, for one, would be allocated before it is read,
# and the digits of a long number take hours to read.
PLAIN_INSTRUCTIONS = (
    'PROTO FRAME STOP MARK POP POP_MARK DUP BINGET LONG_BINGET BINPUT LONG_BINPUT MEMOIZE BINPERSID '
    'GLOBAL STACK_GLOBAL NONE NEWTRUE NEWFALSE BININT BININT1 BININT2 LONG1 BINFLOAT '
    'STRING BINSTRING SHORT_BINSTRING UNICODE BINUNICODE SHORT_BINUNICODE BINBYTES SHORT_BINBYTES '
    'EMPTY_TUPLE TUPLE TUPLE1 TUPLE2 TUPLE3 LIST EMPTY_LIST EMPTY_DICT EMPTY_SET'
).split()


class Refused(Exception):
    """The pickle names or does something that no checkpoint needs; the text says what was found."""


@dataclass(frozen=True)
class Name:
    """A name used by a pickle, e.g. `torch FloatStorage`. It is not callable."""

    text: str


def read_checkpoint_file(path: str | os.PathLike) -> Any:
    """What `torch.save` put into the file, on the CPU.

    Raises UnsafeCheckpoint for anything that is not on the list, InvalidCheckpoint for a file that is none or
    too large, OSError where it cannot be read at all.
    """
    size = os.stat(path).st_size
    if size > MAX_FILE_BYTES:
        raise _invalid(path, f'{size:,} bytes', f'at most {MAX_FILE_BYTES:,} bytes')
    with open(path, 'rb') as file:
        content = file.read()
    try:
        return _read_zip(content) if content.startswith(b'PK\x03\x04') else _read_legacy(content)
    except Refused as error:
        raise UnsafeCheckpoint(
            what='The checkpoint holds more than a model and was not loaded; nothing of it was run',
            where=str(path),
            found=str(error),
            expected=ALLOWED,
            fix='put back the file that was published, and find out who changed it',
        ) from None
    except Exception as error:  # broken bytes lead to any of a dozen classes
        raise _invalid(path, reason_of(error), 'a file that torch.save wrote') from error


def _invalid(path: str | os.PathLike, found: str, expected: str) -> InvalidCheckpoint:
    return InvalidCheckpoint(
        what='The checkpoint cannot be read',
        where=str(path),
        found=found,
        expected=expected,
        fix='give a model.pth that this pipeline or FPE published',
    )


# The two formats


def _read_zip(content: bytes) -> Any:
    """PyTorch 1.6 and newer: {root}/data.pkl, and the bytes of each storage in {root}/data/{key}."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        if len(entries) < len(archive.infolist()):
            raise Refused('an archive with two files of one name')
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries.values()):
            raise Refused('compressed files in the archive, which torch.save never writes')
        if sum(entry.file_size for entry in entries.values()) > MAX_FILE_BYTES:
            raise Refused(f'files of more than {MAX_FILE_BYTES:,} bytes in the archive')
        roots = [name[: -len('data.pkl')] for name in entries if name.endswith('/data.pkl')]
        if len(roots) != 1:
            raise ValueError(f'an archive with {len(roots)} files data.pkl')
        root = roots[0]
        if f'{root}constants.pkl' in entries:
            raise Refused('a TorchScript program')
        if entries.get(f'{root}byteorder') and archive.read(f'{root}byteorder') != b'little':
            raise ValueError('numbers in big-endian order')
        storages: dict[str, Tensor] = {}

        def storage(kind: Any, key: Any, location: Any, count: Any, *rest: Any) -> Tensor:
            _require_storage(key, count)
            if key not in storages:
                numbers = archive.read(f'{root}data/{key}')
                storages[key] = _numbers(numbers, _storage_type(kind), count)
            return storages[key]

        if entries[f'{root}data.pkl'].file_size > MAX_PICKLE_BYTES:
            raise Refused(f'a pickle of more than {MAX_PICKLE_BYTES:,} bytes')
        return CheckpointUnpickler(io.BytesIO(archive.read(f'{root}data.pkl')), storage).load()


def _read_legacy(content: bytes) -> Any:
    """Before PyTorch 1.6: five pickles, then the numbers of the storages that the last one lists."""
    file = io.BytesIO(content)

    def unpickle(storage: Callable[..., Tensor] | None = None) -> Any:
        start = file.tell()
        source = io.BytesIO(file.read(MAX_PICKLE_BYTES))
        result = CheckpointUnpickler(source, storage).load()
        file.seek(start + source.tell())
        return result

    if unpickle() != LEGACY_MAGIC or unpickle() != LEGACY_VERSION:
        raise ValueError('bytes that torch.save did not write')
    if unpickle().get('little_endian') is not True:  # about the machine that wrote it
        raise ValueError('numbers in big-endian order')
    storages: dict[str, Tensor] = {}
    promised = 0

    def storage(kind: Any, key: Any, location: Any, count: Any, view: Any = None) -> Tensor:
        nonlocal promised
        _require_storage(key, count)
        if view is not None:
            raise ValueError('a view of a storage')
        if key not in storages:
            dtype = _storage_type(kind)
            promised += count * _item_bytes(dtype)
            if not 0 <= promised <= len(content):
                raise ValueError('numbers that lie beyond its end')
            storages[key] = torch.zeros(count, dtype=dtype)
        return storages[key]

    result = unpickle(storage)
    for key in unpickle():
        _require_storage(key, 0)
        tensor = storages[key]
        if int.from_bytes(file.read(8), 'little') != len(tensor):
            raise ValueError('a storage of another length')
        if len(tensor):
            tensor.copy_(
                _numbers(file.read(len(tensor) * _item_bytes(tensor.dtype)), tensor.dtype, len(tensor))
            )
    return result


def _require_storage(key: Any, count: Any) -> None:
    if type(key) is not str or type(count) is not int:
        raise ValueError('numbers under another name than a text, or of no length')


def _storage_type(kind: Any) -> torch.dtype:
    if isinstance(kind, Name) and kind.text in STORAGE_TYPES:
        return STORAGE_TYPES[kind.text]
    raise Refused(f'{kind.text if isinstance(kind, Name) else "a value"} as the type of a storage')


def _item_bytes(dtype: torch.dtype) -> int:
    return torch.empty(0, dtype=dtype).element_size()


def _numbers(content: bytes, dtype: torch.dtype, count: int) -> Tensor:
    """(count,) of the dtype; memory of its own, which may be written to."""
    if len(content) != count * _item_bytes(dtype):
        raise ValueError(f'{len(content)} bytes of {count} numbers')
    return torch.frombuffer(bytearray(content), dtype=dtype) if count else torch.empty(0, dtype=dtype)


# What a pickle may hold, and how much. Otherwise a few bytes could cause endless work: a tuple of two tuples,
# forty times over, is hashed, compared and shown in 2⁴⁰ steps.


def _key(value: Any) -> Any:
    """A key of a dict, or a member of a set: hashed in one step, and without collisions that an attacker can
    construct.
    """
    if type(value) in (str, bytes, bool, type(None)):
        return value
    if type(value) is int and abs(value) < 2**60:
        return value
    if type(value) is float and math.isfinite(value):
        return value
    raise Refused(f'{_shown(value)} as a key of a dict, or in a set')


def _pairs(items: Any) -> list[tuple[Any, Any]]:
    """Of a dict, or of what `dict` takes."""
    if isinstance(items, dict):
        return list(items.items())
    if type(items) not in (list, tuple):
        raise Refused(f'{_shown(items)} for the items of a dict')
    return [(_key(key), value) for key, value in items]


def _members(items: Any) -> list[Any]:
    if type(items) not in (list, tuple):
        raise Refused(f'{_shown(items)} for the members of a set')
    return [_key(item) for item in items]


def _require_extent(whole: Any) -> None:
    """The receiver of the value may show, compare or copy it: each of its parts, as often as it is reached."""
    waiting, found = [(whole, 0)], 0
    while waiting:
        value, depth = waiting.pop()
        parts = _parts(value)
        found += len(parts)
        if depth > MAX_DEPTH:
            raise Refused(f'values in more than {MAX_DEPTH} others, each in the next')
        if found > MAX_VALUES:
            raise Refused(f'more than {MAX_VALUES:,} values')
        waiting.extend((part, depth + 1) for part in parts)


def _parts(value: Any) -> list[Any]:
    parts = list(vars(value).values()) if type(value) in FILLERS and hasattr(value, '__dict__') else []
    if isinstance(value, dict):
        parts.extend(value.values())
    elif isinstance(value, (list, tuple)):
        parts.extend(value)
    return parts


# What names may make


def _tensor(storage: Tensor, offset: int, size: tuple, stride: tuple, *rest: Any) -> Tensor:
    """`_rebuild_tensor_v2`; as_strided itself refuses anything outside of the storage."""
    for numbers in (size, stride, (offset,)):
        is_place = type(numbers) is tuple and all(type(n) is int and 0 <= n < 2**31 for n in numbers)
        if not is_place or len(numbers) > MAX_DIMENSIONS or not isinstance(storage, Tensor):
            raise ValueError('a tensor of another shape than one of numbers')
    if math.prod(size) > len(storage):
        raise ValueError(f'a tensor of {math.prod(size)} numbers, of which {len(storage)} are there')
    return torch.as_strided(storage, size, stride, offset)


def _parameter(tensor: Tensor, requires_grad: bool, *hooks: Any) -> Tensor:
    return tensor


def _enum_member(owner: Any, member: Any) -> T.InterpolationMode:
    """Python 3.11 pickles a member of an enumeration as getattr(class, name)."""
    if (
        owner != Name(INTERPOLATION)
        or type(member) is not str
        or member not in T.InterpolationMode.__members__
    ):
        raise Refused(f'getattr of {owner.text if isinstance(owner, Name) else "a value"}, {_shown(member)}')
    return T.InterpolationMode[member]


def _interpolation(value: Any) -> T.InterpolationMode:
    if type(value) is not str:
        raise Refused(f'{_shown(value)} as a way to interpolate')
    return T.InterpolationMode(value)


def _latin_bytes(text: str, encoding: str) -> bytes:
    """How protocol 2 represents bytes."""
    if encoding != 'latin1':
        raise Refused(f'the encoding {_shown(encoding)}')
    return text.encode('latin1')


def _numpy_type(text: Any, *flags: Any) -> np.dtype:
    if type(text) is not str or text not in NUMPY_TYPES:
        raise Refused(f'the numpy type {_shown(text)}')
    return np.dtype(text)


def _numpy_scalar(kind: Any, content: Any) -> Any:
    return np.frombuffer(_bytes(content), _own_type(kind), 1)[0]


def _numpy_array(kind: Any, *rest: Any) -> np.ndarray:
    """An empty array, which BUILD fills."""
    if kind != Name('numpy ndarray'):
        raise Refused('an array of a class of its own')
    return np.empty(0)


def _bytes(content: Any) -> bytes:
    """numpy would accept an array as well, and copy it without counting."""
    if type(content) is not bytes:
        raise ValueError('a numpy value without bytes')
    return content


def _own_type(kind: Any) -> np.dtype:
    if not isinstance(kind, np.dtype):
        raise ValueError('a numpy value without a type')
    return kind


INTERPOLATION = 'torchvision.transforms.functional InterpolationMode'
# Names that may be called with REDUCE.
MAKERS: dict[str, Callable[..., Any]] = {
    'collections OrderedDict': lambda items=(): OrderedDict(_pairs(items)),
    'builtins set': lambda items=(): set(_members(items)),
    'builtins bytes': lambda: b'',
    'builtins getattr': _enum_member,
    '_codecs encode': _latin_bytes,
    INTERPOLATION: _interpolation,
    'torch._utils _rebuild_tensor': _tensor,
    'torch._utils _rebuild_tensor_v2': _tensor,
    'torch._utils _rebuild_parameter': _parameter,
    'numpy dtype': _numpy_type,
    'numpy.core.multiarray scalar': _numpy_scalar,
    'numpy.core.multiarray _reconstruct': _numpy_array,
}
# Names that NEWOBJ may create an empty object of, for BUILD to fill.
CLASSES = {f'torchvision.transforms.transforms {kind.__name__}': kind for kind in TRANSFORMS}
# Names that occur only as arguments.
ARGUMENTS = {'numpy ndarray', *STORAGE_TYPES}


def _fill_ordered_dict(target: OrderedDict, state: Any) -> None:
    """A state_dict carries the versions of its modules as an attribute."""
    if not isinstance(state, dict) or list(state) != ['_metadata']:
        raise Refused('an OrderedDict with attributes of its own')
    target._metadata = state['_metadata']


def _fill_numpy_type(target: np.dtype, state: Any) -> None:
    _version, order, *rest = state
    if order not in ('<', '|') or any(part not in (None, -1, 0) for part in rest):
        raise Refused('a numpy type with fields or in big-endian order')


def _fill_array(target: np.ndarray, state: Any) -> None:
    _version, shape, kind, by_columns, content = state
    array = np.frombuffer(_bytes(content), _own_type(kind)).reshape(shape, order='F' if by_columns else 'C')
    target.__setstate__((1, array.shape, array.dtype, False, array.tobytes()))


def _fill_transform(target: Any, state: Any) -> None:
    if not isinstance(state, dict) or not all(isinstance(name, str) for name in state):
        raise Refused(f'a {type(target).__name__} filled with something else than attributes')
    fill = getattr(type(target), '__setstate__', None)  # a module adds what newer PyTorch has
    if isinstance(target, torch.nn.Module) and fill:
        fill(target, state)
    else:
        vars(target).update(state)


FILLERS: dict[type, Callable[[Any, Any], None]] = {
    OrderedDict: _fill_ordered_dict,
    np.dtype: _fill_numpy_type,
    np.ndarray: _fill_array,
    **dict.fromkeys(TRANSFORMS, _fill_transform),
}


def _shown(value: Any) -> str:
    """Something from a pickle, for a message: short and printable."""
    return ascii(value)[:80] if isinstance(value, (str, int, float)) else f'a {type(value).__name__}'


# The instructions


class CheckpointUnpickler(pickle._Unpickler):
    """Python's own unpickler (Lib/pickle.py), with different instructions for creating and filling objects."""

    dispatch: ClassVar = {
        code: pickle._Unpickler.dispatch[code]
        for code in (getattr(pickle, name)[0] for name in PLAIN_INSTRUCTIONS)
    }

    def __init__(self, source: io.BytesIO, storage: Callable[..., Tensor] | None):
        super().__init__(source, encoding='utf-8')
        self.storage = storage
        self.copied = 0

    def load(self) -> Any:
        result = super().load()
        _require_extent(result)
        return result

    def count_copies(self, parts: Any) -> None:
        """What is stored once may be copied a million times: texts, lists and arrays count each time."""
        if isinstance(parts, (tuple, dict)):
            self.copied += len(parts)
        if isinstance(parts, tuple):
            self.copied += sum(
                len(part) for part in parts if isinstance(part, (str, bytes, list, tuple, dict))
            )
        if self.copied > MAX_COPIED_PARTS:
            raise Refused(f'copies of more than {MAX_COPIED_PARTS:,} parts of itself')

    def target(self, kind: type) -> Any:
        """The object that the instruction adds to; a tensor or an array would accept items as well, and copy
        them.
        """
        if not isinstance(self.stack[-1], kind):
            raise Refused(f'items for {_shown(self.stack[-1])}')
        return self.stack[-1]

    def load_append(self) -> None:
        item = self.stack.pop()
        self.target(list).append(item)

    def load_appends(self) -> None:
        items = self.pop_mark()
        self.target(list).extend(items)

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.stack.append({_key(key): value for key, value in zip(items[::2], items[1::2])})

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self.target(dict)[_key(key)] = value

    def load_setitems(self) -> None:
        items = self.pop_mark()
        target = self.target(dict)
        for key, value in zip(items[::2], items[1::2]):
            target[_key(key)] = value

    def load_additems(self) -> None:
        items = self.pop_mark()
        self.target(set).update(_members(items))

    def load_int(self) -> None:
        """Python 2 writes numbers of more than 32 bits this way."""
        line = self.readline()[:-1]
        if len(line) > MAX_DIGITS:
            raise Refused(f'a number of more than {MAX_DIGITS} digits')
        self.stack.append(int(line))

    def find_class(self, module: str, name: str) -> Name:
        # Protocol 2 keeps Python 2's names; numpy 2 has moved what numpy 1 wrote, and the other way round.
        module = {'__builtin__': 'builtins', 'numpy._core.multiarray': 'numpy.core.multiarray'}.get(
            module, module
        )
        text = f'{module} {name}'
        if text not in MAKERS and text not in CLASSES and text not in ARGUMENTS:
            raise Refused(f'{module[:80]}.{name[:80]}'.encode('ascii', 'backslashreplace').decode())
        return Name(text)

    def persistent_load(self, identity: Any) -> Tensor | Name:
        if type(identity) is not tuple or not 0 < len(identity) <= MAX_REFERENCE_PARTS:
            raise Refused('a reference to something else than numbers')
        kind, *rest = identity
        if kind == 'storage' and self.storage:
            return self.storage(*rest)
        # The legacy format stores the source of a module's class beside its name. It is not used here.
        if kind == 'module' and rest and isinstance(rest[0], Name):
            return rest[0]
        raise Refused('a reference to something else than numbers')

    def load_reduce(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        make = MAKERS.get(name.text) if isinstance(name, Name) else None
        if make is None or type(arguments) is not tuple:
            raise Refused(f'a call of {name.text if isinstance(name, Name) else _shown(name)}')
        self.count_copies(arguments)
        self.stack.append(make(*arguments))

    def load_newobj(self) -> None:
        arguments, name = self.stack.pop(), self.stack.pop()
        kind = CLASSES.get(name.text) if isinstance(name, Name) else None
        if kind is None or arguments != ():
            raise Refused(f'an object of {name.text if isinstance(name, Name) else _shown(name)}')
        self.stack.append(kind.__new__(kind))

    def load_build(self) -> None:
        state, target = self.stack.pop(), self.stack[-1]
        kind = np.dtype if isinstance(target, np.dtype) else type(target)
        if kind not in FILLERS or type(state) not in (tuple, dict):
            raise Refused(f'attributes for {_shown(target)}')
        self.count_copies(state)
        FILLERS[kind](target, state)

    def load_inst(self) -> None:
        module, name = (self.readline()[:-1].decode('ascii') for _ in range(2))
        raise Refused(f'an object of {self.find_class(module, name).text}')

    def load_extension(self) -> None:
        raise Refused('an entry of copyreg’s extension registry')

    dispatch[pickle.APPEND[0]] = load_append
    dispatch[pickle.APPENDS[0]] = load_appends
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.SETITEM[0]] = load_setitem
    dispatch[pickle.SETITEMS[0]] = load_setitems
    dispatch[pickle.ADDITEMS[0]] = load_additems
    dispatch[pickle.INT[0]] = load_int
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.BUILD[0]] = load_build
    dispatch[pickle.INST[0]] = load_inst
    for instruction in (pickle.EXT1, pickle.EXT2, pickle.EXT4):
        dispatch[instruction[0]] = load_extension
