"""t-SNE of the latent page: one at a time, in a process of its own, kept when it is stopped."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from lvm_studio.analysis.latent.embedding import (
    Embedding,
    EmbeddingJob,
    EmbeddingSpec,
    Placed,
    PlacingJob,
)
from lvm_studio.studio.jobs.job_thread import JobThread
from lvm_studio.studio.widgets.training.series import Floats


class EmbeddingMaker(QObject):
    """Makes an embedding, and places new points on it.

    Signals:
        formed(Embedding): a state of it, the newest is `embedding`.
        placed(object): where the new points stand, [n, 2].
        changed(): something began or ended; see `running`.
        failed(sentence, details)
    """

    formed = Signal(object)
    placed = Signal(object)
    changed = Signal()
    failed = Signal(str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.embedding: Embedding | None = None
        self._thread: JobThread | None = None

    @property
    def running(self) -> bool:
        """Whether anything is being computed."""
        return self._thread is not None

    def start(self, u: Floats, spec: EmbeddingSpec) -> None:
        """Embed a random sample of u [n, dim]; the embedding there was is forgotten."""
        if not self.running:
            self.embedding = None
            self._run(EmbeddingJob(u, spec))

    def place(self, u: Floats) -> None:
        """Place new rows u [n, dim] on the embedding there is."""
        if not self.running and self.embedding is not None:
            self._run(PlacingJob(self.embedding, u))

    def stop(self) -> None:
        """End what is being computed; the newest state of the embedding stays."""
        if self._thread is not None:
            self._thread.kill()

    def forget(self) -> None:
        """Stop, and forget the embedding; what its process says from now on is not listened to."""
        thread, self._thread, self.embedding = self._thread, None, None
        if thread is not None:
            thread.kill()
            self.changed.emit()

    def _run(self, job: EmbeddingJob | PlacingJob) -> None:
        thread = JobThread(job, None, self)
        self._thread = thread
        thread.reports.connect(self._take)
        thread.completed.connect(self._end)
        thread.stopped.connect(self._end)
        thread.failed.connect(self._fail)
        thread.finished.connect(thread.deleteLater)
        thread.start()
        self.changed.emit()

    @property
    def _heeded(self) -> bool:
        """Whether the thread that speaks is the one at work: one forgotten is still heard."""
        return self._thread is not None and self.sender() is self._thread

    def _take(self, reports: tuple[object, ...]) -> None:
        if not self._heeded:
            return
        newest = reports[-1]
        if isinstance(newest, Embedding):
            self.embedding = newest
            self.formed.emit(newest)
        elif isinstance(newest, Placed):
            self.placed.emit(newest.xy)

    def _fail(self, sentence: str, details: str) -> None:
        if self._heeded:
            self._end()
            self.failed.emit(sentence, details)

    def _end(self, *_: object) -> None:
        if self._heeded:
            self._thread = None
            self.changed.emit()
