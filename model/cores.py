"""The number of available cores, for training and for scoring."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Cores this process may use: in some containers, fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
