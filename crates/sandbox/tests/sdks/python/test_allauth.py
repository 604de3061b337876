"""The Facebook provider of `django-allauth`, unmodified except for two URLs in its settings."""

import django
import pytest
import pretend_meta as meta
from django.conf import settings

settings.configure(
    SECRET_KEY="for one test run",
    ALLOWED_HOSTS=["localhost"],
    ROOT_URLCONF="test_allauth",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.messages",
        "django.contrib.sessions",
        "allauth",
        "allauth.account",
        "allauth.socialaccount",
        "allauth.socialaccount.providers.facebook",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "APP_DIRS": True,
            "OPTIONS": {
                "context_processors": [
                    "django.template.context_processors.request",
                    "django.contrib.auth.context_processors.auth",
                    "django.contrib.messages.context_processors.messages",
                ]
            },
        }
    ],
    AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
    LOGIN_REDIRECT_URL="/welcome/",
    EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    SOCIALACCOUNT_STORE_TOKENS=True,
    SOCIALACCOUNT_PROVIDERS={
        "facebook": {
            "AUTHORIZE_URL": meta.DIALOG,
            "GRAPH_API_URL": meta.GRAPH,
            "SCOPE": ["email", "public_profile", "ads_read"],
            "EXCHANGE_TOKEN": True,
        }
    },
)
django.setup()

from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import include, path  # noqa: E402

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("welcome/", lambda request: HttpResponse(request.user.get_username())),
]


@pytest.fixture(scope="module", autouse=True)
def database():
    call_command("migrate", verbosity=0)
    SocialApp.objects.create(
        provider="facebook", name="Facebook", client_id=meta.APP_ID, secret=meta.APP_SECRET
    )


@pytest.fixture(autouse=True)
def no_accounts():
    get_user_model().objects.all().delete()
    cache.clear()
    for person in (meta.SOLE_TRADER, meta.TROUBLE):
        meta.remove_app(person)


@pytest.fixture
def browser():
    return Client(HTTP_HOST="localhost")


def to_dialog(browser):
    """Starts a login. Returns the URL of the dialog."""
    answer = browser.post("/accounts/facebook/login/")
    assert answer.status_code == 302
    assert answer["location"].startswith(f"{meta.DIALOG}?")
    return answer["location"]


def return_to_app(browser, url):
    assert url.startswith("http://localhost/accounts/facebook/login/callback/?")
    return browser.get(url.removeprefix("http://localhost").split("#")[0])


def log_in(browser, person, **how):
    return return_to_app(browser, meta.answer_dialog(to_dialog(browser), person, **how))


def logged_in(browser):
    return "_auth_user_id" in browser.session


def test_a_login_creates_an_account(browser):
    answer = log_in(browser, meta.SOLE_TRADER)
    assert (answer.status_code, answer["location"]) == (302, "/welcome/")
    assert logged_in(browser)
    account = SocialAccount.objects.get()
    assert (account.provider, account.uid) == ("facebook", meta.SOLE_TRADER[1])
    assert account.extra_data["name"] == meta.SOLE_TRADER[2]
    assert account.user.email == "tom.okafor@example.com"
    assert (account.user.first_name, account.user.last_name) == ("Tom", "Okafor")


def test_the_stored_token_can_be_exchanged(browser):
    log_in(browser, meta.TROUBLE)
    token = SocialToken.objects.get()
    assert token.expires_at is not None
    renewed = meta.exchange(token.token)
    assert renewed["access_token"] != token.token


def test_the_same_person_is_the_same_user(browser):
    log_in(browser, meta.SOLE_TRADER)
    log_in(Client(HTTP_HOST="localhost"), meta.SOLE_TRADER)
    log_in(Client(HTTP_HOST="localhost"), meta.TROUBLE)
    assert get_user_model().objects.count() == SocialAccount.objects.count() == 2


def test_a_login_works_without_the_email_permission(browser):
    log_in(browser, meta.SOLE_TRADER, declined=["email"])
    assert logged_in(browser)
    assert SocialAccount.objects.get().user.email == ""


def test_cancelling_does_not_log_in(browser):
    answer = log_in(browser, meta.SOLE_TRADER, decision="cancel")
    assert (answer.status_code, answer["location"]) == (302, "/accounts/3rdparty/login/cancelled/")
    assert not logged_in(browser) and not SocialAccount.objects.exists()


def test_an_inactive_app_is_an_error(browser):
    answer = log_in(browser, meta.SOLE_TRADER, decision="app-not-active")
    assert answer.status_code == 401
    assert not logged_in(browser) and not SocialAccount.objects.exists()


def test_the_state_of_another_browser_is_refused(browser):
    back = meta.answer_dialog(to_dialog(browser), meta.SOLE_TRADER)
    other = Client(HTTP_HOST="localhost")
    return_to_app(other, back)
    assert not logged_in(other) and not SocialAccount.objects.exists()
    return_to_app(browser, back)
    assert logged_in(browser), "the code was not consumed"


def test_a_code_works_only_once(browser):
    back = meta.answer_dialog(to_dialog(browser), meta.SOLE_TRADER)
    code = meta.query(back)["code"]
    again = meta.query(to_dialog(Client(HTTP_HOST="localhost")))
    return_to_app(browser, back)
    other = Client(HTTP_HOST="localhost")
    state = meta.query(to_dialog(other))["state"]
    return_to_app(other, f"{again['redirect_uri']}?code={code}&state={state}")
    assert not logged_in(other)


def test_a_token_from_another_client_is_inspected_and_exchanged(browser):
    token = meta.log_in(meta.SOLE_TRADER)["access_token"]
    answer = browser.post("/accounts/facebook/login/token/", {"access_token": token})
    assert (answer.status_code, answer["location"]) == (302, "/welcome/")
    assert SocialAccount.objects.get().uid == meta.SOLE_TRADER[1]
    assert SocialToken.objects.get().token != token


def test_an_invalid_token_from_another_client_is_refused(browser):
    token = meta.log_in(meta.SOLE_TRADER)["access_token"]
    meta.invalidate_tokens(meta.SOLE_TRADER, 460)
    browser.post("/accounts/facebook/login/token/", {"access_token": token})
    assert not logged_in(browser) and not SocialAccount.objects.exists()
