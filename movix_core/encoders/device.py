"""Where a model runs, and where reduced precision pays there."""

from __future__ import annotations

import torch

from movix_core.errors import ConfigError


def native_precision(device: torch.device | str) -> torch.autocast:
    """bfloat16 autocast where the device computes it natively (GPUs, CPUs with AMX or AVX512-BF16), else full.

    A CPU that has to emulate bfloat16 is ten times slower with it than without.
    """
    kind = torch.device(device).type
    native = torch.cuda.is_bf16_supported() if kind == "cuda" else kind == "cpu" and _cpu_has_bfloat16()
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=native)


def choose_device(name: str) -> torch.device:
    """The torch device of a configuration value; 'auto' takes a GPU where there is one.

    Errors: ConfigError for a device torch does not know or that is not here.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as err:
        reason = str(err).splitlines()[0]
        raise ConfigError(f"device '{name}' is not available here: use auto or cpu ({reason})") from err
    return device


def reserved_memory_mib(device: torch.device | str) -> float:
    """Memory this process holds on a GPU; 0 on a CPU."""
    return torch.cuda.memory_reserved(device) / 2**20 if torch.device(device).type == "cuda" else 0.0


def _cpu_has_bfloat16() -> bool:
    return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
