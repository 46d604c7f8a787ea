"""What ParaView's readers make of exports: times, nodes and values.

    pvpython in_paraview.py CASES.json

The file lists exports: the reader, its file, and an .npz with the frames that it must give.
"""

import json
import sys

import numpy as np
from paraview import servermanager, simple
from vtk.util.numpy_support import vtk_to_numpy


def leaves(data):
    """The grids of a result, without those that are empty."""
    if data is None:
        return []
    if not data.IsA("vtkCompositeDataSet"):
        return [data] if data.GetNumberOfPoints() else []
    iterator = data.NewIterator()
    found = []
    while not iterator.IsDoneWithTraversal():
        found.append(iterator.GetCurrentDataObject())
        iterator.GoToNextItem()
    return found


def points(image, axis):
    if image.IsA("vtkImageData"):
        return image.GetOrigin()[axis] + image.GetSpacing()[axis] * np.arange(image.GetDimensions()[axis])
    return vtk_to_numpy([image.GetXCoordinates, image.GetYCoordinates][axis]())


def check(case):
    name = "FileNames" if case["reader"] == "XDMFReader" else "FileName"
    reader = getattr(simple, case["reader"])(**{name: case["file"]})
    reader.UpdatePipelineInformation()
    frames = np.load(case["frames"])
    times = frames["t"]
    wanted = sorted(set(times))
    got = reader.TimestepValues
    got = [] if got is None else list(got) if hasattr(got, "__len__") else [got]
    if len(wanted) > 1:
        assert sorted(got) == wanted, f"times {got}, not {wanted}"
    for at in wanted:
        reader.UpdatePipeline(at)
        images = leaves(servermanager.Fetch(reader))
        numbers = np.flatnonzero(times == at)
        assert len(images) == len(numbers), f"at {at}: {len(images)} grids, not {len(numbers)}"
        for image, number in zip(images, numbers):
            y, x, p = (frames[f"{name}{number}"] for name in "yxp")
            assert image.GetDimensions() == (len(x), len(y), 1), f"at {at}: {image.GetDimensions()}"
            for axis, nodes in enumerate([x, y]):
                assert np.allclose(points(image, axis), nodes, rtol=1e-13, atol=1e-13), f"at {at}: nodes"
            values = vtk_to_numpy(image.GetPointData().GetArray("p")).reshape(p.shape)
            assert values.dtype.itemsize == p.dtype.itemsize, f"at {at}: {values.dtype}"
            assert np.array_equal(values, p), f"at {at}: values differ"
    simple.Delete(reader)
    return len(times)


def main():
    cases = json.load(open(sys.argv[1]))
    frames = 0
    for case in cases:
        try:
            frames += check(case)
        except Exception as error:
            sys.exit(f"ParaView: {case['file']} by {case['reader']}: {error}")
    version = servermanager.vtkSMProxyManager.GetParaViewSourceVersion()
    print(f"{version}: {len(cases)} exports, {frames} frames")


main()
