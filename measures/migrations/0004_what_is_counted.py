from datetime import UTC, datetime

from django.db import migrations, models

# `workflows.counters.AT_ONCE`: the next sweep takes the row.
AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)


def leave_to_the_sweep(apps, schema_editor):
    """What was issued before lights were kept is counted by the first sweep, or by `rebuild_counters`."""
    apps.get_model("measures", "Assignment").objects.update(light_until=AT_ONCE)


class Migration(migrations.Migration):

    dependencies = [
        ('measures', '0003_words_for_people_and_dates'),
    ]

    operations = [
        migrations.AddField(
            model_name='assignment',
            name='counted',
            field=models.CharField(blank=True, editable=False, max_length=20),
        ),
        migrations.RunPython(leave_to_the_sweep, migrations.RunPython.noop),
    ]
