"""The Qt shell: windows, panels and widgets over one session."""
