"""The command line: `diff2d` and `python -m diff2d`."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Carries out the command of this process, which then is the program `diff2d`."""
    from . import _native

    # The program handles signals itself: what the interpreter would do comes too late.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    code = _native.main(["diff2d", *sys.argv[1:]])
    # What Python flushes at its end, the program has written itself; nothing else is left to do.
    return code


if __name__ == "__main__":
    sys.exit(main())
