"""Where Z is infinite nothing on the page is certified."""

import math

from street_requests import changed, tuned
from studio_fakes import households, small_model

from lvm_studio.data.composition import Composition
from lvm_studio.storage.street_state import StreetState
from lvm_studio.studio.street.answers import StreetRequest
from lvm_studio.studio.street.tuned_work import TunedWork
from lvm_studio.studio.street.work import StreetWork
from lvm_studio.tuning.criteria.existence import Existence

DATA = households()


def test_a_law_that_does_not_exist_is_refused_in_a_sentence() -> None:
    state = StreetState(composition=Composition.parse("A,B*2"), week="2013-W03", samples=64)
    request = changed(StreetRequest(state, DATA, small_model(DATA)), lam=0.3)
    tunings = TunedWork(StreetWork())
    for _ in tunings.climb(request):
        pass
    tuning = tunings.tunings.get(request)
    assert tuning is not None
    assert tuning.existence is not None
    assert tuning.existence.limit == math.inf  # the peak of a bounded noise ends nowhere
    assert tuned(tunings, request).certificate.ok
    tuning.existence = Existence(limit=0.2, growth=2.0)
    certificate = tuned(tunings, request).certificate
    assert not certificate.ok
    assert "no tuned law from λ = 0.200 on" in certificate.sentence
