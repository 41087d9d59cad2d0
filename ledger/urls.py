from django.urls import path

from ledger.views import baseline, figures, people, records, sites, work, worklists

urlpatterns = [
    path("", figures.figures, name="ledger"),
    path("indicators/<slug:code>/", figures.indicator, name="indicator"),
    path("worklists/", worklists.worklists, name="worklists"),
    path("worklists/<slug:code>/", worklists.one_list, name="worklist"),
    path("checks/", worklists.checks, name="checks"),
    path("sites/", sites.sites, name="sites"),
    path("sites/<int:pk>/", sites.facilities, name="facilities"),
    path("sites/<int:pk>/record/", sites.record, name="record-facility"),
    path("baseline/", baseline.baseline, name="baseline"),
    path("baseline/explain/", baseline.explain, name="explain-baseline"),
    path("work/", work.work, name="employers"),
    path("work/<slug:kind>/enter/", work.enter, name="enter-work"),
    path("work/<slug:kind>/<int:pk>/", work.change, name="change-work"),
    path("households/", people.households, name="households"),
    path("households/find/", people.find, name="find-person"),
    path("households/enter/", people.enter_household, name="enter-household"),
    path("households/<uuid:uid>/", people.household, name="household"),
    path("households/<uuid:uid>/change/", people.edit_household, name="edit-household"),
    path("households/<uuid:uid>/confirm/", people.confirm, name="confirm-household"),
    path("households/<uuid:uid>/member/", people.enter_person, name="enter-person"),
    path("persons/<uuid:uid>/", people.one_person, name="person"),
    path("persons/<uuid:uid>/change/", people.edit_person, name="edit-person"),
    path("persons/<uuid:uid>/reveal/", people.reveal, name="reveal"),
    path("<slug:root>/<uuid:uid>/add/<slug:kind>/", records.add, name="add-record"),
    path("<slug:root>/<uuid:uid>/propose/<slug:kind>/", records.propose, name="propose"),
    path("records/<slug:kind>/<int:pk>/", records.change, name="change-record"),
    path("changes/", records.proposals, name="proposals"),
    path("changes/<uuid:uid>/<slug:name>/", records.decide, name="decide-proposal"),
]
