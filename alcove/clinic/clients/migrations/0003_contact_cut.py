from django.db import migrations, models


class Migration(migrations.Migration):
    """Each token says how it was cut. All there are were cut to 8 bits; ``version`` was 1, as the only index key's."""

    dependencies = [
        ("clients", "0002_importedrow"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="contacttoken", name="clients_by_token"),
        migrations.RenameField(model_name="contacttoken", old_name="version", new_name="key_version"),
        migrations.AlterField("contacttoken", "key_version", models.PositiveIntegerField()),
        migrations.AddField(
            "contacttoken", "bits", models.PositiveSmallIntegerField(default=8), preserve_default=False
        ),
        migrations.AddIndex(
            model_name="contacttoken",
            index=models.Index(fields=["kind", "key_version", "bits", "token"], name="clients_by_token_cut"),
        ),
    ]
