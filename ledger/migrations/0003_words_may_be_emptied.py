from django.db import migrations

from ledger import said


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0002_audit_log'),
    ]

    operations = [
        # Backwards the triggers stay: the older table bears them.
        migrations.RunPython(said.install, migrations.RunPython.noop),
    ]
