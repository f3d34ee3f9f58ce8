"""Reports are gathered; an answer to a command waits for nothing."""

import multiprocessing

import torch

from lvm_studio.engine.messages import Paused, Reports
from lvm_studio.engine.outbox import Outbox

NEVER = 3600.0


def test_an_answer_takes_the_waiting_reports_with_it_at_once() -> None:
    near, far = multiprocessing.Pipe()
    outbox = Outbox(far, NEVER, None)
    outbox.post(Reports((1,)))
    assert near.recv() == Reports((1,))
    outbox.post(Reports((2,)))
    assert not near.poll(0.05)  # the next gathering is an hour away
    outbox.post(Paused())
    assert near.poll(60.0)
    assert [near.recv(), near.recv()] == [Reports((2,)), Paused()]
    outbox.close()
    near.close()
    far.close()


def test_a_tensor_is_sent_whole_and_not_lent_by_a_process_about_to_end() -> None:
    near, far = multiprocessing.Pipe()
    outbox = Outbox(far, NEVER, None)
    told = torch.arange(3.0)
    outbox.post(Reports((told,)))
    (came,) = near.recv().reports
    outbox.close()
    assert torch.equal(came, told)
    assert not told.is_shared()
    near.close()
    far.close()
