"""The virtual machine: its kernel, its only program and its logged disks."""

import glob
import os
import re
import shutil
import subprocess
import time

from disklog import DiskLog

HERE = os.path.dirname(os.path.abspath(__file__))
CACHE = os.path.join(HERE, "..", "..", "target", "powercut")
DISK_BYTES = 320 << 20  # of the filesystem; xfs wants 300 MiB
MARKS = DISK_BYTES // 512
PATIENCE = 180  # seconds without a new report on any disk
PACKAGES = {
    "qemu-system-x86_64": "qemu-system-x86",
    "busybox": "busybox-static",
    "cpio": "cpio",
    "mkfs.ext4": "e2fsprogs",
    "mkfs.xfs": "xfsprogs",
    "mkfs.btrfs": "btrfs-progs",
    "losetup": "mount",
    "cc": "gcc",
}
MODULES = ("crypto", "lib", "arch/x86/crypto", "drivers/virtio", "drivers/block", "fs/xfs", "fs/btrfs")


def kernel():
    """The unpacked kernel's image, or None."""
    return next(iter(sorted(glob.glob(f"{CACHE}/kernel/boot/vmlinuz-*"))), None)


def missing():
    """What is not there, as sentences' objects."""
    lacking = [f"{tool} (apt install {package})" for tool, package in PACKAGES.items() if not shutil.which(tool)]
    return lacking + ([] if kernel() else ["a Linux kernel in target/powercut/kernel (Debian's linux-image-cloud-amd64)"])


def install():
    """Installs the packages, and unpacks a kernel without installing it."""

    def apt(*words, **options):
        return subprocess.run(words, check=True, text=True, stdin=subprocess.DEVNULL, **options)

    packages = [package for tool, package in PACKAGES.items() if not shutil.which(tool)]
    apt("apt-get", "update", "-qq")
    if packages:
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        apt("apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages, env=environment)
    if not kernel():
        os.makedirs(CACHE, exist_ok=True)
        newest = apt("apt-cache", "depends", "linux-image-cloud-amd64", stdout=subprocess.PIPE).stdout
        package = re.search(r"Depends: (linux-image-\S+)", newest)[1]
        apt("apt-get", "download", "-qq", package, cwd=CACHE)
        (archive,) = glob.glob(f"{CACHE}/{package}_*.deb")
        apt("dpkg-deb", "-x", archive, f"{CACHE}/kernel")
        os.remove(archive)


def libraries(program):
    """The shared libraries of a program, with their paths."""
    told = subprocess.run(["ldd", program], check=True, text=True, stdout=subprocess.PIPE).stdout
    return re.findall(r"(/\S+) \(0x", told)


class Machine:
    """A machine with one disk per filesystem, whose files lie in the directory `place`."""

    def __init__(self, place, program, disks, cubes, results, inputs, seed):
        self.place, self.disks = place, disks
        self.root = os.path.join(place, "root")
        self.copy(program, "bin/diff2d")
        subprocess.run(["strip", f"{self.root}/bin/diff2d"], check=False)
        for library in libraries(program):
            self.copy(library, library.lstrip("/"))
        self.copy(shutil.which("busybox"), "bin/busybox")
        self.copy(f"{HERE}/guest.sh", "init")
        for path in inputs:
            self.copy(path, os.path.basename(path))
        subprocess.run(["cc", "-O1", "-o", f"{self.root}/bin/mark", f"{HERE}/mark.c"], check=True)
        deaf = ["cc", "-shared", "-fPIC", "-O1", "-o", f"{self.root}/deaf.so", f"{HERE}/deaf.c"]
        subprocess.run(deaf, check=True)
        for key, arguments in cubes.items():
            self.text(f"cubes/{key}", arguments)
        for key, arguments in results.items():
            self.text(f"results/{key}", arguments)
        self.text("seed", str(seed))
        self.text("marks", str(MARKS))
        lines = [
            f"vd{chr(ord('a') + n)} {disk.kind} {disk.options} {'/deaf.so' if disk.deaf else ''}\n"
            for n, disk in enumerate(disks)
        ]
        self.text("disks", "".join(lines))
        for directory in ("dev", "proc", "sys", "tmp"):
            os.makedirs(f"{self.root}/{directory}")
        self.modules()
        archive = "cd root && find . | cpio --quiet -o -H newc >../initrd"
        subprocess.run(["sh", "-c", archive], check=True, cwd=place)
        shutil.rmtree(self.root)

    def copy(self, source, name):
        os.makedirs(os.path.dirname(f"{self.root}/{name}"), exist_ok=True)
        shutil.copy(source, f"{self.root}/{name}")

    def text(self, name, content):
        os.makedirs(os.path.dirname(f"{self.root}/{name}"), exist_ok=True)
        with open(f"{self.root}/{name}", "w") as file:
            file.write(content)

    def modules(self):
        version = os.path.basename(kernel()).removeprefix("vmlinuz-")
        modules = f"lib/modules/{version}"
        for path in glob.glob(f"{CACHE}/kernel/{modules}/modules.*"):
            self.copy(path, f"{modules}/{os.path.basename(path)}")
        for directory in MODULES:
            part = f"{modules}/kernel/{directory}"
            shutil.copytree(f"{CACHE}/kernel/{part}", f"{self.root}/{part}", dirs_exist_ok=True)
        subprocess.run(["busybox", "depmod", "-b", self.root, version], check=True)

    def file(self, disk, kind):
        return os.path.join(self.place, f"{disk.name}.{kind}")

    def work(self, reports):
        """Boots, lets the machine work until each disk's log holds so many reports, and cuts the power."""
        drives = []
        for disk in self.disks:
            subprocess.run(["cp", "--sparse=always", self.file(disk, "image"), self.file(disk, "disk")], check=True)
            os.truncate(self.file(disk, "disk"), DISK_BYTES + (1 << 20))
            open(self.file(disk, "log"), "w").close()
            drives += [
                "-blockdev",
                f"driver=blklogwrites,node-name={disk.name},log-sector-size=512"
                f",file.driver=file,file.filename={self.file(disk, 'disk')},file.cache.no-flush=on"
                f",log.driver=file,log.filename={self.file(disk, 'log')},log.cache.no-flush=on",
                "-device",
                f"virtio-blk-pci,drive={disk.name},discard=off,write-zeroes=off",
            ]
        serial = os.path.join(self.place, "serial")
        machine = subprocess.Popen(
            ["nice", "-n", "10", "qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max"]
            + ["-smp", str(min(len(os.sched_getaffinity(0)), 4)), "-m", "1G", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]
            + ["-serial", f"file:{serial}", "-kernel", kernel(), "-initrd", os.path.join(self.place, "initrd")]
            # A busy host delays the emulated timer, and the kernel would give up when it tests that.
            + ["-append", "console=ttyS0 quiet panic=-1 mitigations=off no_timer_check"]
            + drives
        )
        try:
            self.wait(machine, serial, reports)
        finally:
            machine.kill()
            machine.wait()

    def wait(self, machine, serial, reports):
        # A busy host makes it slow, but not silent.
        done, end = 0, time.monotonic() + PATIENCE
        while True:
            time.sleep(2)
            counts = [len(list(DiskLog(self.file(disk, "log"), MARKS).reports())) for disk in self.disks]
            if all(count >= reports for count in counts):
                return
            if sum(counts) > done:
                done, end = sum(counts), time.monotonic() + PATIENCE
            if machine.poll() is not None or time.monotonic() > end:
                with open(serial, errors="replace") as file:
                    raise SystemExit(f"tests/powercut: the virtual machine does not work; it said:\n{file.read()[-3000:]}")
