"""curl through the Graph proxy, as a shell script would use it."""

import json
import os
import subprocess

PROXY = f"{os.environ['METAADS_URL']}/graph/v26.0"
KEY = os.environ["METAADS_API_KEY"]
ACCOUNT = "act_825642424077674"
CAMPAIGN = {
    "name": "Spring & summer",
    "objective": "OUTCOME_TRAFFIC",
    "special_ad_categories": "[]",
    "status": "PAUSED",
}


def curl(url, *arguments):
    command = ["curl", "-sS", "--compressed", "--max-time", "30", "--write-out", "\n%{http_code}", *arguments, url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    body, status = done.stdout.rsplit("\n", 1)
    return int(status), json.loads(body)


def bearer(path, *arguments):
    status, body = curl(f"{PROXY}/{path}", "--header", f"Authorization: Bearer {KEY}", *arguments)
    assert status == 200, body
    return body


def form(**fields):
    return [word for name, value in fields.items() for word in ("--data-urlencode", f"{name}={value}")]


def test_campaigns_are_listed():
    assert len(bearer(f"{ACCOUNT}/campaigns?fields=name")["data"]) >= 12


def test_next_leads_through_a_thousand_ads_without_further_arguments():
    page = bearer(f"{ACCOUNT}/ads?limit=400")
    ids = [ad["id"] for ad in page["data"]]
    while "next" in page["paging"]:
        status, page = curl(page["paging"]["next"])
        assert status == 200, page
        ids += [ad["id"] for ad in page["data"]]
    assert len(ids) == len(set(ids)) == 1200


def test_a_campaign_is_created_with_a_form_and_with_json_and_deleted():
    made = bearer(f"{ACCOUNT}/campaigns", *form(**CAMPAIGN))["id"]
    assert bearer(f"{made}?fields=name")["name"] == "Spring & summer"
    assert bearer(made, "--json", json.dumps({"name": "Autumn"})) == {"success": True}
    assert bearer(made, "--request", "DELETE") == {"success": True}
    status, created = curl(f"{PROXY}/{ACCOUNT}/campaigns", *form(**CAMPAIGN, access_token=KEY))
    assert status == 200, created


def test_a_batch_of_fifty():
    items = [{"method": "GET", "relative_url": f"{ACCOUNT}/ads?limit=1&access_token={KEY}"}]
    items += [{"method": "GET", "relative_url": "me?fields=name"}] * 49
    answers = bearer("", *form(batch=json.dumps(items)))
    assert [answer["code"] for answer in answers] == [200] * 50
    assert json.loads(answers[0]["body"])["paging"]["next"].startswith(f"{PROXY}/{ACCOUNT}/ads?")


def test_an_image_is_uploaded(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(bytes.fromhex("89504e470d0a1a0a0000000d4948445200000280000001680802000000"))
    status, made = curl(
        f"{PROXY}/{ACCOUNT}/adimages", "--form", f"access_token={KEY}", "--form", f"filename=@{path};type=image/png"
    )
    assert (status, made["images"]["a.png"]["width"]) == (200, 640), made


def test_insights_and_a_report_run():
    wanted = {"level": "campaign", "date_preset": "last_7d", "fields": "campaign_id,spend"}
    rows = bearer(f"{ACCOUNT}/insights", "--get", *form(**wanted))["data"]
    assert len(rows) == 12
    run = bearer(f"{ACCOUNT}/insights", *form(**wanted))["report_run_id"]
    assert bearer(run)["async_status"] == "Job Completed"
    assert bearer(f"{run}/insights")["data"] == rows


def test_without_a_key_the_error_has_the_form_of_meta():
    status, body = curl(f"{PROXY}/me")
    assert (status, body["error"]["code"], body["error"]["type"]) == (401, 190, "OAuthException")
