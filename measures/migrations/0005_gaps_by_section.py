from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('measures', '0004_what_is_counted'),
    ]

    operations = [
        migrations.AddField(
            model_name='formcheck',
            name='points',
            field=models.JSONField(blank=True, default=dict, verbose_name='what is missing, by section'),
        ),
    ]
