"""`facebook_business`, unmodified except for `FacebookSession.GRAPH`."""

import pytest
import pretend_meta as meta
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.business import Business
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

FacebookSession.GRAPH = meta.BASE


def api_for(token, app_secret=meta.APP_SECRET):
    return FacebookAdsApi.init(
        meta.APP_ID, app_secret, token, api_version=meta.VERSION, timeout=10, crash_log=False
    )


@pytest.fixture(scope="module")
def agency_token():
    return meta.log_in(meta.AGENCY)["access_token"]


@pytest.fixture
def me(agency_token):
    return User("me", api=api_for(agency_token))


def refusal(call):
    with pytest.raises(FacebookRequestError) as caught:
        call()
    return caught.value


def numbers(error):
    return error.http_status(), error.api_error_code(), error.api_error_subcode()


def test_me(me):
    _, user_id, name = meta.AGENCY
    assert me.api_get().export_all_data() == {"id": user_id, "name": name}
    fields = ["id", "first_name", "last_name", "middle_name", "short_name", "email", "picture", "link"]
    read = me.api_get(fields=fields).export_all_data()
    assert (read["first_name"], read["last_name"]) == ("Aylin", "Kaya-Öztürk")
    assert read["email"] == "aylin@studio-nordlicht.example"
    assert read["picture"]["data"]["url"].startswith(meta.BASE)
    assert "link" not in read, "needs a permission that was not requested"


def test_permissions(me):
    granted = {row["permission"] for row in me.get_permissions() if row["status"] == "granted"}
    assert granted >= {"public_profile", *meta.SCOPES.split(",")}


@pytest.mark.parametrize("limit", [None, 100, 1000])
def test_paging_returns_every_ad_account_once_with_any_limit(me, limit):
    params = {} if limit is None else {"limit": limit}
    accounts = me.get_ad_accounts(fields=["id", "name"], params=params)
    assert len(accounts) == (limit or 25), "the first page"
    assert accounts.total() == 1307
    ids = [account["id"] for account in accounts]
    assert len(ids) == len(set(ids)) == 1307


def test_ad_account_fields(me):
    first = me.get_ad_accounts(params={"limit": 1})[0]
    assert set(first.export_all_data()) == {"id", "account_id"}
    account = AdAccount(first["id"], api=me.get_api()).api_get(fields=[
        AdAccount.Field.account_id,
        AdAccount.Field.name,
        AdAccount.Field.account_status,
        AdAccount.Field.currency,
        AdAccount.Field.timezone_name,
        AdAccount.Field.timezone_offset_hours_utc,
        AdAccount.Field.amount_spent,
        AdAccount.Field.spend_cap,
        AdAccount.Field.business,
        AdAccount.Field.created_time,
    ])
    assert account["id"] == f"act_{account['account_id']}"
    assert isinstance(account["account_status"], int)
    assert account["amount_spent"].isdigit() and account["spend_cap"].isdigit()
    assert isinstance(account["timezone_offset_hours_utc"], float)
    assert len(account["currency"]) == 3
    assert account["business"]["name"] == "Studio Nordlicht GmbH"


def test_businesses_with_owned_and_client_ad_accounts(me):
    businesses = list(me.get_businesses(fields=["id", "name", "verification_status"]))
    assert [business["verification_status"] for business in businesses] == ["verified", "verified", "not_verified"]
    counts = []
    for business in businesses:
        business = Business(business["id"], api=me.get_api())
        owned = list(business.get_owned_ad_accounts(params={"limit": 200}))
        clients = list(business.get_client_ad_accounts(params={"limit": 200}))
        counts.append((len(owned), len(clients)))
    assert counts == [(412, 0), (0, 873), (21, 0)]


def test_pages_and_page_tokens(me):
    pages = list(me.get_accounts(fields=["id", "name", "access_token"], params={"limit": 50}))
    assert len(pages) == 41
    page = pages[0]
    as_page = Page(page["id"], api=api_for(page["access_token"]))
    assert as_page.api_get(fields=["name"])["name"] == page["name"]
    assert User("me", api=as_page.get_api()).api_get()["id"] == page["id"]


def test_a_batch_answers_each_item_separately(me):
    api = me.get_api()
    batch = api.new_batch()
    done, refused = {}, {}

    def success(name):
        return lambda response: done.update({name: response})

    def failure(name):
        return lambda response: refused.update({name: response.error()})

    me.api_get(fields=["name"], batch=batch, success=success("me"), failure=failure("me"))
    me.get_ad_accounts(
        fields=["id", "business{id,name}"], params={"limit": 3}, batch=batch, success=success("accounts")
    )
    for name, path in [("nothing", ("act_1",)), ("permissions", ("me", "permissions")), ("field", ("me", "nonsense"))]:
        batch.add("GET", path, success=success(name), failure=failure(name))
    assert len(batch) == 5
    assert batch.execute() is None

    assert set(done) == {"me", "accounts", "permissions"}
    assert done["me"].json()["name"] == meta.AGENCY[2]
    assert len(done["accounts"].json()["data"]) == 3
    assert {header["name"].lower() for header in done["me"].headers()} >= {"content-type", "facebook-api-version"}
    assert numbers(refused["nothing"]) == (400, 100, 33)
    assert numbers(refused["field"]) == (400, 100, None)


def test_a_timed_out_item_is_returned_as_a_new_batch(me):
    meta.fault("permissions", "null_in_batch")
    batch = me.get_api().new_batch()
    answers = []
    batch.add("GET", ("me",), success=answers.append)
    batch.add("GET", ("me", "permissions"), success=answers.append)
    again = batch.execute()
    assert (len(answers), len(again)) == (1, 1)
    assert again.execute() is None
    assert len(answers) == 2


def test_a_batch_with_an_invalid_token_is_refused():
    token = meta.log_in(meta.SOLE_TRADER)["access_token"]
    meta.invalidate_tokens(meta.SOLE_TRADER, 460)
    batch = api_for(token).new_batch()
    batch.add("GET", ("me",))
    assert numbers(refusal(batch.execute)) == (400, 190, 460)
    meta.restore_tokens(meta.SOLE_TRADER)


def test_an_expired_session_is_190_463():
    token = meta.log_in(meta.SOLE_TRADER)["access_token"]
    meta.invalidate_tokens(meta.SOLE_TRADER, 463)
    error = refusal(User("me", api=api_for(token)).api_get)
    assert numbers(error) == (400, 190, 463)
    assert error.api_error_type() == "OAuthException"
    assert error.api_error_message().startswith("Error validating access token: Session has expired on ")
    assert error.body()["error"]["fbtrace_id"] == error.http_headers()["x-fb-request-id"]
    meta.restore_tokens(meta.SOLE_TRADER)


def test_an_ad_account_of_another_user_is_100_33(me):
    others = User("me", api=api_for(meta.log_in(meta.SOLE_TRADER)["access_token"]))
    account = others.get_ad_accounts()[0]
    error = refusal(AdAccount(account["id"], api=me.get_api()).api_get)
    assert numbers(error) == (400, 100, 33)
    assert error.api_error_type() == "GraphMethodException"
    assert not error.api_transient_error()


def test_rate_limit_errors_keep_their_codes_and_headers(me):
    meta.refuse("ad_accounts", 400, 17, 2446079, "(#17) User request limit reached")
    error = refusal(me.get_ad_accounts)
    assert numbers(error) == (400, 17, 2446079)
    meta.refuse("ad_accounts", 403, 4, None, "(#4) Application request limit reached")
    error = refusal(me.get_ad_accounts)
    assert numbers(error) == (403, 4, None)
    assert error.api_transient_error()
    assert "call_count" in error.http_headers()["x-app-usage"]


def test_the_proof_is_sent_and_checked(agency_token):
    with_proof = api_for(agency_token)
    assert with_proof._session.requests.params["appsecret_proof"]
    assert User("me", api=with_proof).api_get()["id"] == meta.AGENCY[1]
    without = refusal(User("me", api=api_for(agency_token, app_secret=None)).api_get)
    wrong = refusal(User("me", api=api_for(agency_token, app_secret="another")).api_get)
    for error in (without, wrong):
        assert (error.api_error_code(), error.api_error_type()) == (100, "GraphMethodException")
        assert "appsecret_proof" in error.api_error_message()


def test_no_proof_is_needed_if_the_setting_is_off(agency_token):
    meta.require_proof(False)
    try:
        assert User("me", api=api_for(agency_token, app_secret=None)).api_get()["id"] == meta.AGENCY[1]
    finally:
        meta.require_proof(True)


def test_short_and_long_lived_tokens():
    short = meta.log_in(meta.TROUBLE)
    long = meta.exchange(short["access_token"])
    renewed = meta.exchange(long["access_token"])
    assert 0 < short["expires_in"] <= 7200 and long["expires_in"] > 50 * 86400
    assert len({answer["access_token"] for answer in (short, long, renewed)}) == 3
    for answer in (short, long, renewed):
        accounts = User("me", api=api_for(answer["access_token"])).get_ad_accounts(fields=["account_status"])
        assert [account["account_status"] for account in accounts] == [1, 2, 3, 7, 9, 101]


@pytest.mark.parametrize("configuration", [meta.SYSTEM_USER, meta.SYSTEM_USER_60_DAYS])
def test_system_user_tokens(configuration):
    answer = meta.log_in(meta.AGENCY, config_id=configuration, override_default_response_type="true")
    assert ("expires_in" in answer) == (configuration == meta.SYSTEM_USER_60_DAYS)
    me = User("me", api=api_for(answer["access_token"]))
    business = me.api_get(fields=["client_business_id"])["client_business_id"]
    assert list(me.get_ad_accounts()) == [], "a system user has only assigned ad accounts"
    assigned = list(me.get_assigned_ad_accounts(params={"limit": 100}))
    owned = Business(business, api=me.get_api()).get_owned_ad_accounts(params={"limit": 100})
    assert {account["id"] for account in assigned} == {account["id"] for account in owned}


def test_a_user_token_from_login_for_business():
    answer = meta.log_in(meta.AGENCY, config_id=meta.PERSON)
    accounts = User("me", api=api_for(answer["access_token"])).get_ad_accounts(params={"limit": 1})
    assert accounts.total() == 1307


def test_the_app_token_inspects_other_tokens(agency_token):
    api = api_for(f"{meta.APP_ID}|{meta.APP_SECRET}")
    inspected = api.call("GET", ("debug_token",), {"input_token": agency_token}).json()["data"]
    assert (inspected["is_valid"], inspected["type"], inspected["app_id"]) == (True, "USER", meta.APP_ID)
    assert refusal(User("me", api=api).api_get).api_error_code() == 2500


def test_revoking_one_permission_and_then_all():
    token = meta.log_in(meta.TROUBLE)["access_token"]
    me = User("me", api=api_for(token))
    me.delete_permissions(params={"permission": "email"})
    permissions = {row["permission"]: row["status"] for row in me.get_permissions()}
    assert permissions["ads_read"] == "granted"
    assert permissions.get("email") != "granted"
    assert "email" not in me.api_get(fields=["id", "email"])
    me.delete_permissions()
    assert numbers(refusal(me.api_get)) == (400, 190, 458)
