import pytest

from notifications.models import Message
from tests.pages import people, web
from tests.pages.test_crawl import _crawl


@pytest.mark.parametrize("role",["lead","keeper","bureau"])
def test_x(role,lived):
    c=web.signed_in(people.person(role))
    for s,u,a in _crawl(c):
        if a.status_code not in (200,302):
            print(role,s,u,a.status_code)
            if s.startswith("/notices/"):
                m=Message.objects.get(pk=s.split("/")[2]); print(m.kind,m.subject,m.data)
