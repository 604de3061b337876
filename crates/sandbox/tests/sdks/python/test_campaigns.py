"""Daily work with campaigns through `facebook_business`: lists, creation, batches, images, insights."""

import struct

import pytest
import pretend_meta as meta
from facebook_business.adobjects.ad import Ad
from facebook_business.adobjects.adaccount import AdAccount
from facebook_business.adobjects.adimage import AdImage
from facebook_business.adobjects.adreportrun import AdReportRun
from facebook_business.adobjects.adset import AdSet
from facebook_business.adobjects.campaign import Campaign
from facebook_business.adobjects.user import User
from facebook_business.api import FacebookAdsApi
from facebook_business.exceptions import FacebookRequestError
from facebook_business.session import FacebookSession

FacebookSession.GRAPH = meta.BASE

CAMPAIGN = {
    "name": "Frühling",
    "objective": "OUTCOME_TRAFFIC",
    "special_ad_categories": [],
    "status": "PAUSED",
}


@pytest.fixture(scope="module")
def account():
    token = meta.log_in(meta.SOLE_TRADER)["access_token"]
    api = FacebookAdsApi.init(
        meta.APP_ID, meta.APP_SECRET, token, api_version=meta.VERSION, timeout=30, crash_log=False
    )
    return AdAccount(User("me", api=api).get_ad_accounts()[0]["id"], api=api)


def png(width, height):
    """The start of an image: enough to recognize it."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIB", 13, b"IHDR", width, height, 8)


def test_campaigns_with_nested_ad_sets(account):
    fields = ["name", "objective", "effective_status", "adsets.limit(2){name,daily_budget}"]
    campaigns = list(account.get_campaigns(fields=fields, params={"effective_status": ["ACTIVE"]}))
    assert len(campaigns) >= 9
    assert {campaign["effective_status"] for campaign in campaigns} == {"ACTIVE"}
    generated = campaigns[-1]
    assert len(generated["adsets"]) == 2 and isinstance(generated["adsets"][0], AdSet)


def test_a_thousand_ads_in_pages_of_a_hundred(account):
    ads = account.get_ads(fields=["name", "adset_id", "account_id"], params={"limit": 100})
    assert (len(ads), ads.total()) == (100, 1200)
    ids = [ad["id"] for ad in ads]
    assert len(ids) == len(set(ids)) == 1200
    ad = Ad(ids[777], api=account.get_api()).api_get(fields=["account_id", "creative"])
    assert f"act_{ad['account_id']}" == account["id"]


def test_a_campaign_is_created_changed_and_deleted(account):
    created = account.create_campaign(params=CAMPAIGN)
    assert created.api_get(fields=["name", "status"]).export_all_data() == {
        "id": created["id"], "name": "Frühling", "status": "PAUSED",
    }
    created.api_update(params={"name": "Sommer", "daily_budget": 2500})
    assert created.api_get(fields=["name", "daily_budget"])["daily_budget"] == "2500"
    created.api_delete()
    assert created.api_get(fields=["status"])["status"] == "DELETED"
    checked = account.create_campaign(params={**CAMPAIGN, "execution_options": ["validate_only"]})
    assert checked.export_all_data() == {}
    with pytest.raises(FacebookRequestError) as caught:
        account.create_campaign(params={"name": "Incomplete"})
    assert (caught.value.http_status(), caught.value.api_error_code()) == (400, 100)
    assert "objective is required" in caught.value.api_error_message()


def test_a_whole_ad_is_created(account):
    campaign = account.create_campaign(params=CAMPAIGN)
    ad_set = account.create_ad_set(params={
        "name": "DE",
        "campaign_id": campaign["id"],
        "billing_event": AdSet.BillingEvent.impressions,
        "optimization_goal": AdSet.OptimizationGoal.link_clicks,
        "daily_budget": 1000,
        "targeting": {"geo_locations": {"countries": ["DE"]}},
    })
    story = {"page_id": "1", "link_data": {"link": "https://shop.example/"}}
    creative = account.create_ad_creative(params={"name": "Bike", "object_story_spec": story})
    ad = account.create_ad(params={
        "name": "Ad", "adset_id": ad_set["id"], "creative": {"creative_id": creative["id"]}, "status": "PAUSED",
    })
    assert [row["id"] for row in Campaign(campaign["id"], api=account.get_api()).get_ads()] == [ad["id"]]
    campaign.api_delete()


def test_a_batch_of_fifty(account):
    batch = account.get_api().new_batch()
    created = []
    for number in range(49):
        account.create_campaign(
            params={**CAMPAIGN, "name": f"Batch & {number}"}, batch=batch,
            success=lambda response: created.append(response.json()["id"]),
        )
    counted = []
    account.get_campaigns(
        params={"limit": 1, "summary": "total_count"}, batch=batch,
        success=lambda response: counted.append(response.json()["summary"]["total_count"]),
    )
    assert len(batch) == 50 and batch.execute() is None
    assert len(set(created)) == 49 and len(counted) == 1
    assert Campaign(created[7], api=account.get_api()).api_get(fields=["name"])["name"] == "Batch & 7"


def test_images_are_uploaded_as_file_and_in_a_batch(account, tmp_path):
    path = tmp_path / "bike.png"
    path.write_bytes(png(640, 360))
    image = AdImage(parent_id=account["id"], api=account.get_api())
    image[AdImage.Field.filename] = str(path)
    image.remote_create()
    assert len(image[AdImage.Field.hash]) == 32
    listed = account.get_ad_images(fields=["hash", "width"], params={"hashes": [image[AdImage.Field.hash]]})
    assert [row["width"] for row in listed] == [640]

    other = tmp_path / "other.png"
    other.write_bytes(png(100, 200))
    with other.open("rb") as opened:
        batch = account.get_api().new_batch()
        answers = []
        batch.add("POST", (account["id"], "adimages"), files={"other.png": opened}, success=answers.append)
        batch.execute()
    assert answers[0].json()["images"]["other.png"]["height"] == 200


def test_a_video_is_uploaded(account, tmp_path):
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(3 * 1024 * 1024))
    video = account.create_ad_video(params={"title": "Clip", "source": str(path)})
    assert account.get_ad_videos(fields=["title"])[0].export_all_data() == {"id": video["id"], "title": "Clip"}


def test_insights(account):
    params = {"level": "ad", "date_preset": "last_7d", "limit": 500}
    rows = list(account.get_insights(fields=["ad_id", "spend", "impressions"], params=params))
    assert len(rows) == 1200
    total = account.get_insights(fields=["impressions"], params={"date_preset": "last_7d"})[0]
    assert sum(int(row["impressions"]) for row in rows) == int(total["impressions"])
    run = account.get_insights(fields=["ad_id", "spend", "impressions"], params=params, is_async=True)
    run = run.api_get()
    assert run[AdReportRun.Field.async_status] == "Job Completed"
    assert run[AdReportRun.Field.async_percent_completion] == 100
    finished = list(run.get_insights(params={"limit": 500}))
    assert [row.export_all_data() for row in finished] == [row.export_all_data() for row in rows]
