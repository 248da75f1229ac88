import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import alcove.security.vault.fields
import alcove.security.vault.ids


class Migration(migrations.Migration):
    dependencies = [
        ("clients", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportedRow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=alcove.security.vault.ids.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("source_key", models.CharField(max_length=32, unique=True)),
                ("digest", models.CharField(max_length=32)),
                (
                    "aside",
                    alcove.security.vault.fields.SealedJSON(
                        label="clients.imported.aside", null=True, owner="client_id", part="record"
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="imported_rows",
                        to="clients.client",
                    ),
                ),
            ],
        ),
    ]
