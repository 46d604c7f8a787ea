"""Arrays that `diff2d export --to zarr` rounds, divides and compresses, read back and compared with NumPy.

Rounding is that of the bits of integers, half to even; a chunk is unpacked from the frame of Blosc as c-blosc documents
it. That the programs of others read the same is for `tests/interop`.
"""

import json
import re
import zlib

import numpy as np

from random_cases import checker, main, maker, option, text

FLOATS = {2: 10, 4: 23, 8: 52}


def case(rng, directory, number):
    shape = tuple(rng.integers(1, 9, rng.integers(2, 5)))
    dtype = np.dtype(str(rng.choice(["<f8", "<f8", ">f8", "<f4", ">f4", "<f2", "<i2", "|u1"])))
    values = rng.standard_normal(shape) * 10.0 ** rng.integers(-3, 4)
    if dtype.kind == "f":
        odd = rng.random(shape) < 0.1
        values[odd] = rng.choice([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, np.finfo(dtype).max], odd.sum())
    with np.errstate(all="ignore"):
        array = values.astype(dtype)
    np.save(directory / f"{number}.npy", np.asfortranarray(array) if rng.random() < 0.3 else array)
    options = []
    if dtype.kind == "f":
        precision = rng.integers(3)
        if precision == 1:
            options.append(f"--keep-bits={rng.integers(1, FLOATS[dtype.itemsize] + 1)}")
        elif precision == 2:
            options.append(f"--max-error={10.0 ** int(rng.integers(-8, 3))!r}")
    if rng.random() < 0.7:
        options.append("--chunks=" + text(rng.integers(1, 11, rng.integers(1, len(shape) + 1))))
    if rng.random() < 0.6:
        options.append("--compress")
    if rng.random() < 0.5:
        options.append(f"--memory={rng.choice(['64KiB', '1MiB', '1GiB'])}")
    return ["export", f"{number}.npy", "--to", "zarr", "-o", f"{number}.zarr", *options]


def rounded(values, kept):
    """Half to even, by adding to the bits; what would become infinite loses its last bits."""
    dropped = FLOATS[values.itemsize] - kept
    if dropped == 0:
        return values
    bits = values.view(f"u{values.itemsize}")
    one = bits.dtype.type(1)
    dropped = bits.dtype.type(dropped)
    mask = ~((one << dropped) - one)
    half = (one << (dropped - one)) - one + ((bits >> dropped) & one)
    nearest = ((bits + half) & mask).view(values.dtype)
    nearest = np.where(np.isfinite(nearest), nearest, (bits & mask).view(values.dtype))
    return np.where(np.isfinite(values), nearest, values)


def changed(values, kept):
    wide = values.astype(np.float64) - rounded(values, kept).astype(np.float64)
    return np.max(np.abs(wide[np.isfinite(values)]), initial=0.0)


def unpacked(frame):
    """One block, shuffled, deflated unless that would not have made it smaller."""
    version, zlib_version, flags, width = frame[:4]
    assert (version, zlib_version, flags) == (2, 1, 0x71), frame[:4]
    size, block, whole, place, packed = np.frombuffer(frame[4:24], "<u4")
    assert size == block and whole == len(frame) and place == 20 and packed == len(frame) - 24
    data = frame[24:] if packed == size else zlib.decompress(frame[24:])
    return np.frombuffer(data, np.uint8).reshape(width, -1).T.tobytes()


def read(path, number):
    told = json.loads((path / "p" / "zarr.json").read_text())
    group = json.loads((path / "zarr.json").read_text())
    assert group["consolidated_metadata"]["metadata"]["p"] == told
    shape, chunk = told["shape"], told["chunk_grid"]["configuration"]["chunk_shape"]
    codecs = [codec["name"] for codec in told["codecs"]]
    dtype = np.dtype(told["data_type"])
    array = np.empty([-(-length // each) * each for length, each in zip(shape, chunk)], dtype)
    counts = [-(-length // each) for length, each in zip(shape, chunk)]
    for index in np.ndindex(*counts):
        raw = path.joinpath("p", "c", *map(str, index)).read_bytes()
        raw = unpacked(raw) if "blosc" in codecs else raw
        place = tuple(slice(i * each, (i + 1) * each) for i, each in zip(index, chunk))
        array[place] = np.frombuffer(raw, dtype).reshape(chunk)
    return array[tuple(slice(0, length) for length in shape)], told, chunk, codecs


def check(case):
    values = np.ascontiguousarray(case.values)
    asked = option(case.arguments, "chunks")
    expected_chunk = [int(length) for length in asked.split(",")] if asked else list(values.shape[-2:])
    expected_chunk = [1] * (values.ndim - len(expected_chunk)) + expected_chunk
    expected_chunk = [min(pair) for pair in zip(expected_chunk, values.shape)]
    needed = (8 if "--compress" in case.arguments else 4) * int(np.prod(expected_chunk)) * values.itemsize
    if option(case.arguments, "memory") == "64KiB" and needed > 64 << 10:
        assert case.code == "1" and f"a chunk of Zarr needs {needed} bytes" in case.stderr, (case.code, case.stderr)
        return
    case.must_succeed()
    found, told, chunk, codecs = read(case.directory / f"{case.number}.zarr", case.number)
    assert codecs == ["bytes"] + ["blosc"] * ("--compress" in case.arguments)
    assert chunk == expected_chunk, (chunk, asked)
    kept = told["attributes"].get("quantization_nsb")
    bits, error = option(case.arguments, "keep-bits"), option(case.arguments, "max-error")
    if bits:
        assert kept == int(bits)
    elif error:
        assert changed(values, kept) <= float(error)
        assert kept == 1 or changed(values, kept - 1) > float(error), "fewer bits would do"
    else:
        assert kept is None and case.stderr == ""
        kept = 0
    if kept:
        assert told["attributes"]["quantization_maximum_absolute_error"] == changed(values, kept)
        assert told["attributes"]["quantization"] == "quantization_info"
        of = json.loads((case.directory / f"{case.number}.zarr" / "quantization_info" / "zarr.json").read_text())
        assert of["attributes"]["algorithm"] == "bitround"
        assert re.match(rf"diff2d: rounded to {kept} bits? of the mantissa", case.stderr), case.stderr
        values = rounded(values, kept)
    assert found.dtype == values.dtype
    assert found.tobytes() == values.tobytes()


main(maker(case), checker(check))
