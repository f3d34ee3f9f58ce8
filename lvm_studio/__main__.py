"""``python -m lvm_studio`` opens the studio; with a verb it does what ``lvm-studio`` does."""

import multiprocessing
import sys

from lvm_studio.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if len(sys.argv) == 1:
        sys.argv.append("gui")
    main()
