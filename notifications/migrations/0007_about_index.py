from django.db import migrations, models


class Migration(migrations.Migration):
    """Who was told of a thing is asked as often as what waits about it: the index holds all of them."""

    dependencies = [('notifications', '0006_group_posts')]

    operations = [
        migrations.RemoveIndex(model_name='message', name='message_about'),
        migrations.AddIndex(model_name='message', index=models.Index(fields=['about'], name='message_about')),
    ]
