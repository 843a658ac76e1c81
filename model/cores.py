"""How many cores there are to work with, for training and for scoring."""

from __future__ import annotations

import os


def available_cores() -> int:
    """Cores this process may use: fewer than the machine has, in some containers."""
    return len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count() or 1
