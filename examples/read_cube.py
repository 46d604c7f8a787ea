"""Reads a cube of diff2d with NumPy alone: `python read_cube.py CUBE.npy` prints what is committed."""

import json
import pathlib
import sys

import numpy as np


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), as in iSCSI."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def lines(journal: pathlib.Path):
    """The valid lines of a journal. A torn last line is not one."""
    run_id = None
    for line in journal.read_bytes().split(b"\n")[:-1]:
        body, separator, seal = line.rpartition(b',"crc":"')
        content = json.loads(body + b"}")
        run_id = run_id or content["run_id"]
        if not separator or f"{crc32c(run_id.encode() + body):08x}\"}}" != seal.decode():
            raise ValueError(f"{journal}: a line is damaged")
        yield content


def nodes(grid: str, first: float, last: float, spacing: float, count: int) -> np.ndarray:
    """Coordinates of the nodes along one axis."""
    i = np.arange(count)
    if grid == "slides":
        return np.linspace(first - spacing, last + spacing, count)
    if grid == "files":
        return first + ((i - 1) * (last - first)) / (count - 2)
    return np.append(first + i[:-1] * spacing, last)


def read(cube: str):
    """Committed snapshots `(t, y, x)`, times, coordinates and parameters of a run."""
    header, *records = lines(pathlib.Path(cube).with_suffix(".journal"))
    p, (_, ny, nx) = header["params"], header["shape"]
    x = nodes(p["grid"], p["x1"], p["x2"], header["dx"], nx)
    y = nodes(p["grid"], p["y1"], p["y2"], header["dy"], ny)
    committed = np.load(cube, mmap_mode="r")[: len(records)]
    return committed, np.array([record["simtime"] for record in records]), y, x, p


if __name__ == "__main__":
    snapshots, times, y, x, params = read(sys.argv[1])
    for snapshot, time in zip(snapshots, times):
        j, i = np.unravel_index(np.argmax(snapshot), snapshot.shape)
        largest, t, at_y, at_x = map(float, (snapshot[j, i], time, y[j], x[i]))
        print(f"max {largest} at t = {t}, y = {at_y}, x = {at_x}")
