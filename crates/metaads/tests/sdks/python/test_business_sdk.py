"""`facebook_business` through the Graph proxy, unmodified except for its base URL: the access token is an API key."""

import os
import struct

import pytest
import requests
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adimage import AdImage
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.page import Page
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

PROXY = f"{os.environ['METAADS_URL']}/graph"
KEY = os.environ["METAADS_API_KEY"]
TOM = "10158760143021101"
ACCOUNT = "act_825642424077674"
CAMPAIGN = {
    "name": "Frühling",
    "objective": "OUTCOME_TRAFFIC",
    "special_ad_categories": [],
    "status": "PAUSED",
}

FacebookSession.GRAPH = PROXY


@pytest.fixture(scope="module", params=[None, "a secret of the caller's own"], ids=["no app secret", "app secret"])
def api(request):
    return FacebookAdsApi.init("1234", request.param, KEY, api_version="v26.0", timeout=30, crash_log=False)


@pytest.fixture
def account(api):
    return AdAccount(ACCOUNT, api=api)


def png(width, height):
    """The start of an image: enough to recognize it."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", width, height, 8)


def refusal(call):
    with pytest.raises(FacebookRequestError) as caught:
        call()
    return caught.value


def test_the_person_and_the_ad_accounts(api):
    me = User("me", api=api)
    assert me.api_get(fields=["id", "name"])["id"] == TOM
    assert [account["id"] for account in me.get_ad_accounts(fields=["name"])] == [ACCOUNT]


def test_campaigns_with_nested_ad_sets(account):
    fields = ["name", "effective_status", "adsets.limit(2){name}"]
    campaigns = list(account.get_campaigns(fields=fields, params={"effective_status": ["ACTIVE"]}))
    assert len(campaigns) >= 9
    assert {campaign["effective_status"] for campaign in campaigns} == {"ACTIVE"}


def test_a_thousand_ads_in_pages_of_a_hundred(account):
    ads = account.get_ads(fields=["name", "adset_id"], params={"limit": 100})
    assert (len(ads), ads.total()) == (100, 1200)
    ids = [ad["id"] for ad in ads]
    assert len(ids) == len(set(ids)) == 1200
    assert Ad(ids[777], api=account.get_api()).api_get(fields=["account_id"])["account_id"] == ACCOUNT[4:]


def test_a_campaign_is_created_changed_and_deleted(account):
    created = account.create_campaign(params=CAMPAIGN)
    assert created.api_get(fields=["name"])["name"] == "Frühling"
    created.api_update(params={"name": "Sommer", "daily_budget": 2500})
    assert created.api_get(fields=["name", "daily_budget"]).export_all_data() == {
        "id": created["id"], "name": "Sommer", "daily_budget": "2500",
    }
    created.api_delete()
    assert created.api_get(fields=["status"])["status"] == "DELETED"
    error = refusal(lambda: account.create_campaign(params={"name": "Incomplete"}))
    assert (error.http_status(), error.api_error_code()) == (400, 100)
    assert error.http_headers()["x-metaads-classification"] == "invalid_request"


def test_a_batch_of_fifty(account):
    batch = account.get_api().new_batch()
    created, counted = [], []
    for number in range(49):
        account.create_campaign(
            params={**CAMPAIGN, "name": f"Batch & {number}"}, batch=batch,
            success=lambda response: created.append(response.json()["id"]),
        )
    account.get_ads(
        params={"limit": 1, "summary": "total_count"}, batch=batch,
        success=lambda response: counted.append(response.json()),
    )
    assert len(batch) == 50 and batch.execute() is None
    assert len(set(created)) == 49
    assert counted[0]["summary"]["total_count"] == 1200
    assert counted[0]["paging"]["next"].startswith(f"{PROXY}/v26.0/{ACCOUNT}/ads?")
    assert Campaign(created[7], api=account.get_api()).api_get(fields=["name"])["name"] == "Batch & 7"


def test_images_are_uploaded_as_file_and_in_a_batch(account, tmp_path):
    path = tmp_path / "bike.png"
    path.write_bytes(png(640, 360))
    image = AdImage(parent_id=account["id"], api=account.get_api())
    image[AdImage.Field.filename] = str(path)
    image.remote_create()
    listed = account.get_ad_images(fields=["hash", "width"], params={"hashes": [image[AdImage.Field.hash]]})
    assert [row["width"] for row in listed] == [640]

    other = tmp_path / "other.png"
    other.write_bytes(png(100, 200))
    answers = []
    with other.open("rb") as opened:
        batch = account.get_api().new_batch()
        batch.add("POST", (account["id"], "adimages"), files={"other.png": opened}, success=answers.append)
        batch.execute()
    assert answers[0].json()["images"]["other.png"]["height"] == 200


def test_a_video_is_uploaded(account, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(3 * 1024 * 1024))
    video = account.create_ad_video(params={"title": "Clip", "source": str(path)})
    assert account.get_ad_videos(fields=["title"])[0]["id"] == video["id"]


def test_insights_and_a_report_run(account):
    params = {"level": "ad", "date_preset": "last_7d", "limit": 500}
    rows = list(account.get_insights(fields=["ad_id", "spend"], params=params))
    assert len(rows) == 1200
    run = account.get_insights(fields=["ad_id", "spend"], params=params, is_async=True).api_get()
    assert run[AdReportRun.Field.async_status] == "Job Completed"
    finished = list(run.get_insights(params={"limit": 500}))
    assert [row.export_all_data() for row in finished] == [row.export_all_data() for row in rows]


def test_page_tokens_are_the_key_and_work_as_such(api):
    page = User("me", api=api).get_accounts(fields=["name", "access_token"])[0]
    assert page["access_token"] == KEY
    as_page = FacebookAdsApi.init("1234", None, page["access_token"], api_version="v26.0", crash_log=False)
    assert Page(page["id"], api=as_page).api_get(fields=["name"])["name"] == page["name"]


def test_errors_of_the_proxy_are_raised_as_errors_of_the_sdk(api):
    error = refusal(User("me", api=api).delete_permissions)
    assert (error.http_status(), error.api_error_code(), error.api_error_type()) == (403, 200, "OAuthException")
    assert error.body()["error"]["metaads"]["code"] == "forbidden"
    unknown = FacebookAdsApi.init("1234", None, "mak_unknown", api_version="v26.0", crash_log=False)
    error = refusal(User("me", api=unknown).api_get)
    assert (error.http_status(), error.api_error_code()) == (401, 190)
    own_token = FacebookAdsApi.init("1234", None, "EAAtoken", api_version="v26.0", crash_log=False)
    assert "mak_" in refusal(User("me", api=own_token).api_get).api_error_message()


def test_plain_http_clients_send_the_key_in_either_place():
    by_header = requests.get(f"{PROXY}/v26.0/me", headers={"authorization": f"Bearer {KEY}"}, timeout=30)
    by_parameter = requests.get(f"{PROXY}/v26.0/me", params={"access_token": KEY}, timeout=30)
    assert by_header.json()["id"] == by_parameter.json()["id"] == TOM
