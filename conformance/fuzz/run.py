"""Sends what nobody would send: does any call answer with a fault of the server's own?

Makes one thing of each kind, so that calls on things find some, and has Schemathesis make requests
from the served description: some that fit it, some that do not, the same in every run.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request

URL = os.environ["PROFFER_URL"]
KEY = os.environ["PROFFER_KEY"]
PUBLIC_KEY = os.environ["PROFFER_PUBLIC_KEY"]
ORIGIN = "https://shop.example"
PROJECT = "proj_0000000000002"

#: What a run does where its caller does not say otherwise: so many requests of each call.
USUAL = ["--phases", "fuzzing", "--max-examples", "5", "--seed", "1"]


def call(method, path, body=None):
    headers = {"X-App-Token": KEY, "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, headers, method=method)
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def things():
    """What there is, and the paths that lead to it: (how paths begin, parameter, its value)."""
    ten = {"type": "AMOUNT", "amount_off": 10}
    customer = call("POST", "/v1/customers", {"source_id": "ann"})["id"]
    product = call("POST", "/v1/products", {"source_id": "mug", "name": "Mug", "price": 100})["id"]
    sku = call("POST", f"/v1/products/{product}/skus", {"source_id": "mug-l", "sku": "Large"})["id"]
    goods = [{"id": product, "object": "product"}]
    collection = {"type": "STATIC", "name": "mugs", "products": goods}
    segment = {"type": "static", "name": "few", "customers": [customer]}
    codes = {"type": "DISCOUNT_VOUCHER", "discount": ten}
    campaign = {"name": "spring", "campaign_type": "DISCOUNT_COUPONS", "voucher": codes}
    tiers = {"tiers": [{"name": "first", "action": {"discount": ten}}]}
    promotion = {"name": "summer", "campaign_type": "PROMOTION", "promotion": tiers}
    promotion = call("POST", "/v1/campaigns", promotion)
    stack = {"name": "both", "tiers": {"ids": [promotion["promotion"]["tiers"][0]["id"]]}}
    stack = call("POST", f"/v1/promotions/{promotion['id']}/stacks", stack)["id"]
    campaign = call("POST", "/v1/campaigns", campaign)["id"]
    node = {"name": "order.amount", "conditions": {"$more_than": [5]}}
    rule = call("POST", "/v1/validation-rules", {"name": "some", "rules": {"1": node}})["id"]
    call("POST", "/v1/vouchers/GIFT", {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}})
    call("POST", "/v1/vouchers/TEN", codes)
    use = {
        "redeemables": [{"object": "voucher", "id": "TEN"}],
        "order": {"source_id": "order", "amount": 1000},
        "customer": {"id": customer},
    }
    redemption = call("POST", "/v1/redemptions", use)
    return loyalty(customer, campaign) + management() + [
        ("/v1/vouchers/", "code", "TEN"),
        ("/v1/vouchers/.*(balance|transactions)", "code", "GIFT"),
        ("/v1/campaigns/", "id", campaign),
        ("/v1/campaigns/.*/vouchers/", "code", "OWN"),
        ("/v1/promotions/\\{", "campaign", promotion["id"]),
        ("/v1/promotions/tiers/", "id", promotion["promotion"]["tiers"][0]["id"]),
        ("/v1/promotions/.*stacks/", "id", stack),
        ("/v1/customers/", "id", customer),
        ("/v1/wallets/", "customer", customer),
        ("/v1/products/", "id", product),
        ("/v1/products/.*skus/", "sku", sku),
        ("/v1/skus/", "id", sku),
        ("/v1/product-collections/", "id", call("POST", "/v1/product-collections", collection)["id"]),
        ("/v1/categories/", "id", call("POST", "/v1/categories", {"name": "some", "hierarchy": 1})["id"]),
        ("/v1/segments/", "id", call("POST", "/v1/segments", segment)["id"]),
        ("/v1/validation-rules/", "id", rule),
        ("/v1/redemptions/", "id", redemption["redemptions"][0]["id"]),
        ("/v1/orders/", "id", redemption["order"]["id"]),
        ("/v1/exports/", "id", call("POST", "/v1/exports", {"exported_object": "order"})["id"]),
        ("/v1/metadata-schemas/", "resource", "voucher"),
    ]


def loyalty(customer, campaign):
    """A programme with a member, a rule and a reward, and a code that refers."""
    card = {"type": "LOYALTY_CARD", "loyalty_card": {"points": 500}}
    program = call("POST", "/v1/loyalties", {"name": "points", "voucher": card})["id"]
    path = f"/v1/loyalties/{program}"
    member = call("POST", f"{path}/members", {"customer": {"id": customer}})["code"]
    rule = {"event": "order.paid", "loyalty": {"type": "FIXED", "points": 5}}
    rule = call("POST", f"{path}/earning-rules", [rule])[0]["id"]
    gives = {"campaign": {"id": campaign, "type": "DISCOUNT_COUPONS"}}
    reward = {"name": "code", "type": "CAMPAIGN", "parameters": gives}
    reward = call("POST", "/v1/rewards", reward)["id"]
    price = {"campaign": program, "parameters": {"loyalty": {"points": 10}}}
    assignment = call("POST", f"/v1/rewards/{reward}/assignments", price)["id"]
    tier = {"name": "first", "points": {"from": 1, "to": 100}}
    tier = call("POST", f"{path}/tiers", [tier])[0]["id"]
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": {"type": "AMOUNT", "amount_off": 10}}
    refers = {
        "name": "friends",
        "campaign_type": "REFERRAL_PROGRAM",
        "voucher": voucher,
        "referral_program": {"conversion_event": "redemption"},
    }
    refers = call("POST", "/v1/campaigns", refers)["id"]
    published = {"customer": {"id": customer}, "campaign": {"name": "friends", "count": 1}}
    code = call("POST", "/v1/publications", published)["voucher"]["code"]
    return [
        ("/v1/loyalties/\\{id", "id", program),
        ("/v1/loyalties/.*members/", "member", member),
        ("/v1/loyalties/.*earning-rules/", "rule", rule),
        ("/v1/loyalties/.*(rewards|assignments)/", "assignment", assignment),
        ("/v1/loyalties/.*tiers/", "tier", tier),
        ("/v1/rewards/", "id", reward),
        ("/v1/rewards/.*assignments/", "assignment", assignment),
        ("/v1/referrals/\\{campaign", "campaign", refers),
        ("/v1/referrals/.*members/", "member", code),
    ]


def management():
    """What a project has beside its shop; and its pages may call."""
    pages = {"origins": [ORIGIN], "client_redeem_enabled": True, "client_publish_enabled": True}
    call("PUT", "/v1/settings", pages)
    path = f"/management/v1/projects/{PROJECT}"
    schema = {"related_object": "voucher", "properties": {}}
    hook = {"target_url": f"{ORIGIN}/hook", "events": ["voucher.loyalty_card.points_aded"]}
    return [
        ("/management/", "project", PROJECT),
        ("/management/.*metadata-schemas/", "id", call("POST", f"{path}/metadata-schemas", schema)["id"]),
        ("/management/.*stacking-rules/", "id", call("POST", f"{path}/stacking-rules", {})["id"]),
        ("/management/.*webhooks/", "id", call("POST", f"{path}/webhooks", hook)["id"]),
    ]


def setting():
    """Schemathesis's own file. What is deleted is not what the others need."""
    lines = []
    for paths, parameter, value in things():
        lines += [
            "[[operations]]",
            f"include-name-regex = {json.dumps('^(GET|POST|PUT) ' + paths)}",
            f'parameters = {{ "path.{parameter}" = {json.dumps(value)} }}',
        ]
    return "\n".join(lines) + "\n"


def main():
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "schemathesis.toml")
        file.write_text(setting())
        program = pathlib.Path(sys.executable).with_name("schemathesis")
        words = [program, "--config-file", file, "run", f"{URL}/openapi.json", "--url", URL]
        words += ["--header", f"X-App-Token: {KEY}", "--checks", "not_a_server_error"]
        words += ["--header", "X-Client-Application-Id: page", "--header", f"Origin: {ORIGIN}"]
        words += ["--header", f"X-Client-Token: {PUBLIC_KEY}"]
        words += ["--request-timeout", "20", "--warnings", "off", "--no-color"]
        words += [*USUAL, *sys.argv[1:]]
        return subprocess.run(words, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
