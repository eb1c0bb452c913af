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
    project = "proj_0000000000002"
    return [
        ("/v1/vouchers/", "code", "TEN"),
        ("/v1/vouchers/.*(balance|transactions)", "code", "GIFT"),
        ("/v1/campaigns/", "id", campaign),
        ("/v1/campaigns/.*/vouchers/", "code", "OWN"),
        ("/v1/promotions/\\{", "campaign", promotion["id"]),
        ("/v1/promotions/tiers/", "id", promotion["promotion"]["tiers"][0]["id"]),
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
        ("/management/", "project", project),
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
        words += ["--request-timeout", "20", "--warnings", "off", "--no-color"]
        words += [*USUAL, *sys.argv[1:]]
        return subprocess.run(words, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
