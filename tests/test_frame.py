import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_the_models_need_no_further_migration() -> None:
    call_command("makemigrations", "--check", "--dry-run", "accounts", "audience", "billing", "delivery", "campaigns")
