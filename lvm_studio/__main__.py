"""``python -m lvm_studio`` does what the command ``lvm-studio`` does."""

import multiprocessing

from lvm_studio.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()
    main()
