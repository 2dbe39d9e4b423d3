"""The model card: everything that belongs to a model and not to a run."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from movix_core.errors import ModelError
from movix_core.maps.patches import PatchGeometry

CARD_FORMAT = 1


@dataclass(frozen=True)
class BackboneSpec:
    """A timm backbone. `args` go to timm.create_model; `frozen` keeps its weights as they came."""

    name: str = "vit_base_patch16_224"
    args: dict[str, Any] = field(default_factory=dict)
    frozen: bool = True


@dataclass(frozen=True)
class Architecture:
    """Two branches, their alignment heads, and the temporal aggregator.

    pool_grid: 0 takes the backbone's own pooling (class token or global average, the paper); k keeps
        the k x k layout of its feature map, which a small convolutional backbone needs to tell where
        things lie.
    alignment: 'whole' merges the features of all cells into one vector (the paper). 'cells' aligns each of
        the pool_grid**2 cells by itself, with the same weights, and keeps them apart in the embedding
        (embedding_dim / pool_grid**2 numbers each), so that similarity is a correlation cell by cell: what
        is learnt in one place serves in every other, and little land has much to teach.
    embedding_dim, alignment_dim: the paper's 768 -> 1024 -> 512 heads are the defaults.
    temporal_encoding: each branch is told the date of what it sees.
    aggregator: 'attention' weighs a clip's frames by their quality, 'mean' takes all alike.
    """

    ground: BackboneSpec = BackboneSpec()
    aerial: BackboneSpec = BackboneSpec()
    pool_grid: int = 0
    alignment: str = "whole"
    alignment_dim: int = 1024
    embedding_dim: int = 512
    temporal_encoding: bool = True
    aggregator: str = "attention"


@dataclass(frozen=True)
class Preprocessing:
    """From a clip to what the ground branch sees.

    view: 'perspective' (the frames themselves, as the paper), 'ground_plane' (each frame warped onto
        the patch's square of flat ground around the newest pose), or 'mosaic' (those warps merged).
    image_width, image_height: frames are resized to this first, pixels.
    max_range_m: ground further than this from the camera is left out of the warps.
    normalisation: of colours, by 'mean' and 'std' below, the same for every image ('fixed', what weights from
        a hub expect), or by the image's own, so that light, season and camera matter less: those of all of it
        ('image'), or of what lies around each pixel ('neighbourhood').
    """

    view: str = "perspective"
    image_width: int = 224
    image_height: int = 224
    max_range_m: float = 30.0
    normalisation: str = "fixed"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ClipSpec:
    """length: frames of a clip; spacing_m: least distance driven between them.

    The paper allows at most 5 m between frames, so the images must come every 5 m - spacing_m or closer.
    """

    length: int = 5
    spacing_m: float = 4.0


@dataclass(frozen=True)
class Likelihood:
    """Calibrated on validation drives: lambda_base and gamma of the entropy-guided temperature."""

    inverse_temperature: float = 3.0
    entropy_gain: float = 0.0


@dataclass(frozen=True)
class ModelCard:
    """All of card.json. `training` and `metrics` are free text for people; the rest is checked.

    regions: where it was trained, see `maps.region`; empty where that is not known.
    """

    name: str
    architecture: Architecture = Architecture()
    preprocessing: Preprocessing = Preprocessing()
    patch: PatchGeometry = field(default_factory=lambda: PatchGeometry(size_m=20.0, offset_m=0.0, pixels=224))
    clip: ClipSpec = ClipSpec()
    likelihood: Likelihood = Likelihood()
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    regions: tuple[dict[str, Any], ...] = ()
    licence: str = "Apache-2.0"
    weights_sha256: str = ""
    format: int = CARD_FORMAT


def from_tree(kind: type, tree: Any, where: str) -> Any:
    """Build a (nested) dataclass from plain json or yaml values.

    Missing keys take defaults; unknown keys and wrong types raise ModelError naming the field.
    """
    if not isinstance(tree, dict):
        raise ModelError(f"{where} must be a mapping, got {tree!r}")
    hints = get_type_hints(kind)
    unknown = sorted(set(tree) - set(hints))
    if unknown:
        raise ModelError(f"{where} has the unknown field '{unknown[0]}'; known: {', '.join(hints)}")
    try:
        return kind(**{key: _value(hints[key], value, f"{where}.{key}") for key, value in tree.items()})
    except TypeError as err:
        raise ModelError(f"{where}: {err}") from err


def read_card(path: Path) -> ModelCard:
    """Read card.json. Errors: ModelError naming the file and the field."""
    try:
        tree = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        raise ModelError(f"cannot read model card {path}: {err}") from err
    if isinstance(tree, dict) and tree.get("format") != CARD_FORMAT:
        raise ModelError(f"{path}: field 'format' is {tree.get('format')!r}, this version reads {CARD_FORMAT}")
    return from_tree(ModelCard, tree, str(path))


def write_card(path: Path, card: ModelCard) -> None:
    """Write card.json, replacing it in one step."""
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(dataclasses.asdict(card), indent=2) + "\n", encoding="utf-8")
    scratch.replace(path)


def _value(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        return from_tree(kind, value, where)
    if get_origin(kind) is tuple:
        return _tuple(get_args(kind), value, where)
    if kind is float and type(value) is int:
        return float(value)
    plain = get_origin(kind) or kind
    if type(value) is not plain:
        quotable = plain is str and isinstance(value, (int, float, datetime.date))
        hint = f": put it in quotes, '{value}'" if quotable else ""
        raise ModelError(f"{where} must be {plain.__name__}, got {value!r}{hint}")
    return value


def _tuple(kinds: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    """A list as tuple[kind, ...] or tuple[kind, kind]."""
    if not isinstance(value, (list, tuple)):
        raise ModelError(f"{where} must be a list, got {value!r}")
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(value) != len(kinds):
        raise ModelError(f"{where} must hold {len(kinds)} values, got {len(value)}: {value!r}")
    return tuple(_value(kind, value[index], f"{where}[{index}]") for index, kind in enumerate(kinds))
