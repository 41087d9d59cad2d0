from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.auth.decorators import login_not_required
from django.urls import include, path, reverse_lazy
from django.views.i18n import set_language

from bureaus.pages import sent_from
from workflows.views import visit

urlpatterns = [
    path("sign-in/", visit.SignIn.as_view(), name="sign-in"),
    path("sign-in/as/", visit.enter, name="enter"),
    path("sign-out/", sent_from("desk")(auth.LogoutView.as_view()), name="sign-out"),
    path("password/", auth.PasswordChangeView.as_view(success_url=reverse_lazy("desk")), name="password"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("administration/", admin.site.urls),
    path("ledger/", include("ledger.urls")),
    path("", include("workflows.urls")),
]
