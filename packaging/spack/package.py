"""A Spack recipe, for Spack 1.0 and later. From a checkout:

mkdir -p repo/spack_repo/diff2d/packages/diff2d
cp packaging/spack/package.py repo/spack_repo/diff2d/packages/diff2d/
printf 'repo:\\n  namespace: diff2d\\n  api: v2.0\\n' > repo/spack_repo/diff2d/repo.yaml
spack repo add repo/spack_repo/diff2d
spack dev-build -d . diff2d@main
"""

from spack_repo.builtin.build_systems.cargo import CargoPackage

from spack.package import *


class Diff2d(CargoPackage):
    """Two-dimensional diffusion: the same bits on any machine, every snapshot durable in one plain .npy file."""

    homepage = "https://crates.io/crates/diff2d"

    license("MIT OR Apache-2.0")

    version("main")

    variant("mpi", default=True, description="Ranks under mpirun")
    variant("hdf5", default=False, description="Exports to HDF5")

    depends_on("c", type="build")
    depends_on("rust@1.89:", type="build")
    depends_on("mpi", when="+mpi")
    depends_on("llvm+clang", type="build", when="+mpi")
    depends_on("hdf5+hl", when="+hdf5")
    depends_on("pkgconfig", type="build", when="+hdf5")

    @property
    def build_args(self):
        features = [name for name in ("mpi", "hdf5") if self.spec.satisfies(f"+{name}")]
        return ["--locked", "--features", ",".join(features)] if features else ["--locked"]
