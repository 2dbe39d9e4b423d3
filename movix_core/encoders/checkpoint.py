"""Model folders: model.safetensors beside card.json. Nothing is ever unpickled."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from movix_core.encoders.card import ModelCard, from_tree, read_card, write_card
from movix_core.encoders.model import CrossViewModel
from movix_core.errors import ModelError

WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "card.json"


def save_model(model: CrossViewModel, folder: str | Path, *, dtype: torch.dtype = torch.float16) -> ModelCard:
    """Write weights (floating point ones as `dtype`) and card; returns the card with the weights' hash."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in model.state_dict().items()
    }
    scratch = folder / f"{WEIGHTS_FILE}.tmp"
    save_file(weights, scratch)
    scratch.replace(folder / WEIGHTS_FILE)
    card = dataclasses.replace(model.card, weights_sha256=file_sha256(folder / WEIGHTS_FILE))
    write_card(folder / CARD_FILE, card)
    return card


def load_model(folder: str | Path, device: torch.device | str = "cpu") -> CrossViewModel:
    """Read a model folder, in evaluation mode on the device.

    Errors: ModelError naming the file or field: missing or damaged files, weights that are not the
    card's, an architecture the weights do not fit.
    """
    folder = Path(folder)
    if not (folder / CARD_FILE).is_file():
        raise ModelError(f"no model at {folder}: expected {folder / CARD_FILE}; train one with `movix train`")
    card = read_card(folder / CARD_FILE)
    file = folder / WEIGHTS_FILE
    if not file.is_file():
        raise ModelError(f"model {folder} lacks its weights {file}")
    if file_sha256(file) != card.weights_sha256:
        raise ModelError(f"{file} does not match weights_sha256 of its card: the file is damaged or not this model's")
    model = CrossViewModel(card)
    try:
        weights = load_file(file)
        _check_fit(model.state_dict(), weights, file)
        model.load_state_dict(weights)
    except SafetensorError as err:
        raise ModelError(f"cannot read weights {file}: {err}") from err
    return model.requires_grad_(False).eval().to(device)


def update_card(folder: str | Path, changes: dict[str, Any]) -> ModelCard:
    """Change top-level card fields, given as plain json values, in place; the weights stay as they are."""
    path = Path(folder) / CARD_FILE
    card = from_tree(ModelCard, dataclasses.asdict(read_card(path)) | changes, str(path))
    write_card(path, card)
    return card


def _check_fit(wanted: dict[str, torch.Tensor], found: dict[str, torch.Tensor], file: Path) -> None:
    for name in sorted(wanted.keys() | found.keys()):
        if name not in found or name not in wanted:
            raise ModelError(f"{file}: weight '{name}' is {'missing' if name not in found else 'unknown'}: "
                             "the card describes another architecture")  # fmt: skip
        if wanted[name].shape != found[name].shape:
            raise ModelError(
                f"{file}: weight '{name}' has shape {tuple(found[name].shape)}, the card's architecture needs "
                f"{tuple(wanted[name].shape)}"
            )


def file_sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
