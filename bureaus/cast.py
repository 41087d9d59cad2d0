"""The people of a demonstration: every unit's posts, named by post. Nobody real."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction

from bureaus.models import Bureau, Membership, Role, User

UNIT_POSTS = {
    Role.OFFICER: "经办人",
    Role.SECTION_HEAD: "科室负责人",
    Role.UNIT_LEADER: "分管领导",
    Role.CHIEF: "主要领导",
}
ORGAN_POSTS = {
    "supervision": {
        Role.SUPERVISOR: "督查人员",
        Role.SUPERVISION_HEAD: "负责人",
        Role.INSPECTOR: "巡查人员",
        Role.ADMINISTRATOR: "管理员",
        Role.AUDITOR: "审计员",
    },
    "prefecture": {Role.LEADER: "分管领导"},
}


def posts(bureau: Bureau) -> Iterator[tuple[str, Role]]:
    """(name of the post, role) for each post of a unit."""
    for role, title in ORGAN_POSTS.get(bureau.code, UNIT_POSTS).items():
        yield f"{bureau.short_name}·{title}", role


@transaction.atomic
def make_cast() -> list[User]:
    """Fill every post that is empty. Passwords are set elsewhere; until then nobody can sign in."""
    people = []
    for number, bureau in enumerate(Bureau.objects.order_by("order", "code"), start=1):
        for place, (name, role) in enumerate(posts(bureau), start=1):
            user, made = User.objects.get_or_create(
                username=name,
                defaults={
                    "name": name,
                    "email": f"{bureau.code}.{role}@duban.invalid",
                    # Numbers of no operator: never a telephone.
                    "phone": f"1000{number:03d}{place:04d}",
                    "is_staff": role == Role.ADMINISTRATOR,
                },
            )
            if made:
                user.set_unusable_password()
                user.save(update_fields=["password"])
            Membership.objects.get_or_create(user=user, bureau=bureau, role=role)
            people.append(user)
    return people
