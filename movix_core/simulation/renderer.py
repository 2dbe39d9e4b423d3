"""A camera on the ground of a scene: batched ray marching over a height field, in plain torch on any device.

All rays of a frame start in one point, so the heights seen along one azimuth serve every pixel of
that azimuth: per frame a fan of azimuths is sampled once, its running maximum of slope is the
horizon as seen up to each distance, and the first distance whose horizon exceeds a pixel's slope
is what the pixel sees (the "voxel space" rendering of terrain flight simulators). Trees and bushes
are columns of the height field.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from movix_core.geometry.camera import Camera, rotation_from_rpy
from movix_core.simulation.grid import sample
from movix_core.simulation.scene import DETAIL_GSD_M, Exposure, Scene

_NEAR_M, _FAR_M, _DISTANCES = 0.8, 160.0, 144
_AZIMUTHS_PER_PIXEL = 1.25
_PLANT_M = 0.3  # what stands higher is shaded as a plant


@dataclass(frozen=True)
class _Rays:
    """Rays of B frames with P pixels: azimuth and slope (rise over run) (B, P), origin (B, 3) in map metres."""

    azimuth: torch.Tensor
    slope: torch.Tensor
    origin: torch.Tensor


def render(
    scene: Scene,
    camera: Camera,
    poses: np.ndarray,
    *,
    roll_pitch: np.ndarray | None = None,
    noise_seeds: Sequence[int] | None = None,
) -> np.ndarray:
    """uint8 (B, height, width, 3) RGB frames of `camera` on a vehicle at `poses` (B, 3) in the map frame.

    The vehicle stands on the ground. roll_pitch: (B, 2) rad of its body, None = level. noise_seeds:
    one seed of sensor noise per frame, None = no noise. Batches of up to 10 frames are fastest on a CPU.
    """
    rays = _cast(scene, camera, np.asarray(poses, dtype=float).reshape(-1, 3), roll_pitch)
    radiance = _shade(scene, rays, _first_hit(scene, rays, camera.width))
    frames = radiance.reshape(3, len(rays.origin), camera.height, camera.width).transpose(0, 1)
    return _expose(frames, scene.exposure, noise_seeds)


def _cast(scene: Scene, camera: Camera, poses: np.ndarray, roll_pitch: np.ndarray | None) -> _Rays:
    tilt = np.zeros((len(poses), 2)) if roll_pitch is None else np.asarray(roll_pitch)
    body = np.stack([rotation_from_rpy(r, p, yaw) for (r, p), yaw in zip(tilt, poses[:, 2], strict=True)])
    v, u = np.mgrid[: camera.height, : camera.width].reshape(2, -1)
    optical = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones(u.shape)], axis=-1)
    directions = np.einsum("bij,pj->bpi", body @ camera.rotation_base_camera, optical)
    device = scene.top_m.device
    x, y = (torch.from_numpy(poses[:, axis]).float().to(device) for axis in (0, 1))
    offset = torch.from_numpy(body @ camera.translation_base_camera).float().to(device)
    ground = scene.ground_height(x, y)
    origin = torch.stack([x + offset[:, 0], y + offset[:, 1], ground + offset[:, 2]], dim=-1)
    run = np.hypot(directions[..., 0], directions[..., 1])
    azimuth = np.arctan2(directions[..., 1], directions[..., 0]) - poses[:, 2:]
    azimuth = (azimuth + np.pi) % (2 * np.pi) - np.pi + poses[:, 2:]  # continuous across the fan
    slope = directions[..., 2] / np.maximum(run, 1e-6)
    return _Rays(torch.from_numpy(azimuth).float().to(device), torch.from_numpy(slope).float().to(device), origin)


def _first_hit(scene: Scene, rays: _Rays, width: int) -> torch.Tensor:
    """Horizontal distance (B, P) in metres at which each ray meets the land; infinite for sky."""
    device = rays.slope.device
    count = int(width * _AZIMUTHS_PER_PIXEL)
    first = rays.azimuth.amin(1, keepdim=True)
    step = (rays.azimuth.amax(1, keepdim=True) - first) / max(count - 1, 1)
    fan = first + step * torch.arange(count, device=device)
    distance = _NEAR_M * (_FAR_M / _NEAR_M) ** torch.linspace(0.0, 1.0, _DISTANCES, device=device)
    x = rays.origin[:, 0, None, None] + torch.cos(fan)[..., None] * distance
    y = rays.origin[:, 1, None, None] + torch.sin(fan)[..., None] * distance
    top = sample(scene.top_m[None], scene.grid.size_m, x, y)[0]
    horizon = ((top - rays.origin[:, 2, None, None]) / distance).cummax(dim=-1).values
    column = ((rays.azimuth - first) / step.clamp_min(1e-9)).round().long()
    start = (torch.arange(len(column), device=device)[:, None] * count + column) * _DISTANCES
    flat = horizon.reshape(-1)
    hit = _first_above(flat, start, rays.slope)
    before, after = (hit - 1).clamp_min(0), hit.clamp_max(_DISTANCES - 1)
    low, high = flat[start + before], flat[start + after]
    fraction = ((rays.slope - low) / (high - low).clamp_min(1e-9)).clamp(0.0, 1.0)
    found = torch.lerp(distance[before], distance[after], fraction)
    return torch.where(hit < _DISTANCES, found, torch.inf)


def _first_above(flat: torch.Tensor, start: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """Index 0.._DISTANCES of the first horizon >= slope in each ray's column, by bisection."""
    low = torch.zeros_like(start)
    high = torch.full_like(start, _DISTANCES)
    for _ in range(_DISTANCES.bit_length()):
        middle = (low + high) // 2
        above = flat[start + middle.clamp_max(_DISTANCES - 1)] >= slope
        settled = low >= high
        high = torch.where(above & ~settled, middle, high)
        low = torch.where(above | settled, low, middle + 1)
    return low


def _shade(scene: Scene, rays: _Rays, distance: torch.Tensor) -> torch.Tensor:
    """Radiance (3, B, P), 0-1: lit colour, fine detail, darkness within plants, haze, sky."""
    is_sky = torch.isinf(distance)
    run = torch.where(is_sky, 1.0, distance)
    x = rays.origin[:, :1] + torch.cos(rays.azimuth) * run
    y = rays.origin[:, 1:2] + torch.sin(rays.azimuth) * run
    z = rays.origin[:, 2:] + rays.slope * run
    *rgb, canopy, ground = sample(scene.layers, scene.grid.size_m, x, y)
    above = ((z - ground) / canopy.clamp_min(_PLANT_M)).clamp(0.0, 1.0)
    is_plant = canopy > _PLANT_M
    shade = torch.where(is_plant, 0.35 + 0.75 * above, 1.0)
    fine = _detail(scene, x + 0.7 * z, y + 0.7 * z) * torch.exp(-run / 25.0)
    coarse = _detail(scene, (x + 0.9 * z) / 5.0, (y - 0.9 * z) / 5.0) * torch.exp(-run / 80.0)
    shade = shade * (1.0 + torch.where(is_plant, 0.16, 0.07) * fine + torch.where(is_plant, 0.14, 0.03) * coarse)
    clear = torch.exp(-run / scene.visibility_m)
    height = (rays.slope * 1.6).clamp(0.0, 1.0)
    return torch.stack([
        torch.where(is_sky, torch.lerp(low, high, height), torch.lerp(low, channel * shade, clear))
        for channel, low, high in zip(rgb, *scene.sky, strict=True)
    ])  # fmt: skip


def _detail(scene: Scene, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """The repeating fine pattern at map points."""
    size = scene.detail.shape[0]
    row = torch.floor(y / DETAIL_GSD_M).long().remainder(size)
    col = torch.floor(x / DETAIL_GSD_M).long().remainder(size)
    return scene.detail[row, col]


def _expose(radiance: torch.Tensor, exposure: Exposure, noise_seeds: Sequence[int] | None) -> np.ndarray:
    """uint8 (B, H, W, 3) of radiance (B, 3, H, W): automatic exposure, tone, blur, noise."""
    level = radiance.mean(dim=(1, 2, 3), keepdim=True)
    signal = radiance * (0.45 / level.clamp_min(0.05)) ** 0.6 * exposure.gain[:, None, None]
    signal = _blur(signal, exposure.blur_px).clamp(0.0, 1.0) ** exposure.gamma
    if noise_seeds is not None:
        shape = signal.shape[1:]
        grain = [torch.randn(shape, generator=torch.Generator().manual_seed(int(seed))) for seed in noise_seeds]
        signal = signal + exposure.noise * torch.stack(grain).to(signal.device)
    frames = (signal.clamp(0.0, 1.0) * 255.0).round().byte()
    return frames.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _blur(signal: torch.Tensor, sigma_px: float) -> torch.Tensor:
    """Gaussian blur of (B, 3, H, W) with a three-tap kernel per axis, enough for sigma below 1 px."""
    side = np.exp(-0.5 / max(sigma_px, 1e-3) ** 2)
    taps = torch.tensor([side, 1.0, side], dtype=signal.dtype, device=signal.device) / (1.0 + 2.0 * side)
    padded = torch.nn.functional.pad(signal, (1, 1, 1, 1), mode="replicate")
    rows = padded[:, :, :-2] * taps[0] + padded[:, :, 1:-1] * taps[1] + padded[:, :, 2:] * taps[2]
    return rows[..., :-2] * taps[0] + rows[..., 1:-1] * taps[1] + rows[..., 2:] * taps[2]
