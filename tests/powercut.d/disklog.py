"""The log of a disk, and the states in which a power cut can leave that disk.

QEMU's blklogwrites writes the format of Linux' dm-log-writes: a superblock, then for every request a header of
one sector (first sector, sectors, flags, bytes of data: 64 bits each, little-endian) and the data.
"""

import mmap
import os
import struct
import subprocess

SECTOR = 512
HEADER = struct.Struct("<4Q")
FLUSH, FUA, DISCARD = 1, 2, 4

# What of the writes after the last flush reached the disk.
TORN = "torn writes"
REMAINS = ("nothing", "all", "half of the writes", TORN)


class DiskLog:
    """Every request of a disk, in order; `marks` is the sector behind the filesystem that receives reports."""

    def __init__(self, path, marks):
        self.marks = marks
        self.entries = []  # (first sector, where the data begin in the log, where they end, flags)
        self.data = b""
        if os.path.getsize(path):
            with open(path, "rb") as file:
                self.data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        at = SECTOR
        while at + SECTOR <= len(self.data):
            first, sectors, flags, _ = HEADER.unpack_from(self.data, at)
            begin = at + SECTOR
            at = begin + sectors * SECTOR
            if at > len(self.data) or not (sectors or flags):
                break  # under way when the machine was stopped
            if flags & (FUA | DISCARD):
                raise ValueError(f"{path}: a request of an unexpected kind, flags {flags}")
            self.entries.append((first, begin, at, flags))

    def reports(self):
        """Pairs: the number of the entry that is a mark, and its text."""
        for number, (first, begin, end, _) in enumerate(self.entries):
            if first == self.marks and end > begin:
                yield number, self.data[begin:end].split(b"\n")[0].decode(errors="replace")

    def loose(self, cut):
        """Entries before `cut` (a number of entries) that no flush has made durable."""
        begin = next((n + 1 for n in range(cut - 1, -1, -1) if self.entries[n][3] & FLUSH), 0)
        return range(begin, cut)

    def write(self, file, entries, piece=None, keep=lambda: True):
        """Writes those entries, or of their pieces of so many bytes those that are to be kept."""
        for number in entries:
            first, begin, end, _ = self.entries[number]
            if first == self.marks:
                continue
            size = piece or max(end - begin, 1)
            for at in range(begin, end, size):
                if keep():
                    os.pwrite(file, self.data[at : min(at + size, end)], first * SECTOR + at - begin)


class Disk:
    """The disk as of its last flush, which moves forward from cut to cut."""

    def __init__(self, path, log):
        self.path, self.log, self.durable = path, log, 0

    def advance(self, cut):
        """Makes durable what was so at a cut, which may not lie before the last one."""
        until = self.log.loose(cut).start
        with open(self.path, "r+b") as file:
            self.log.write(file.fileno(), range(self.durable, until))
        self.durable = until

    def image(self, path, cut, remains, random, piece=SECTOR):
        """Writes what the disk may hold after the power was cut there; torn writes are torn into such pieces."""
        subprocess.run(["cp", "--sparse=always", self.path, path], check=True)
        loose = () if remains == "nothing" else self.log.loose(cut)
        with open(path, "r+b") as file:
            piece = piece if remains == TORN else None
            self.log.write(file.fileno(), loose, piece, lambda: remains == "all" or random.random() < 0.5)
