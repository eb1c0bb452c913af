"""Calls of a shop's pages, with a public key."""

import json
import urllib.request

import shop
from shop import Case, amount, client, code, fresh, needs, order, promotion, voucher

ORIGIN = "https://shop.example"


@needs("POST /client/v1/validations", "POST /client/v1/redemptions")
class Pages(Case):
    @classmethod
    def setUpClass(cls):
        settings = json.dumps({"origins": [ORIGIN], "client_redeem_enabled": True}).encode()
        headers = {"X-App-Token": shop.KEY, "Content-Type": "application/json"}
        asked = urllib.request.Request(f"{shop.URL}/v1/settings", settings, headers, method="PUT")
        urllib.request.urlopen(asked).close()

    def test_ask_validate_and_redeem(self):
        ten, first = code(amount(1000)), promotion(amount(500))
        asked = {
            "redeemables": [voucher(ten.code)],
            "order": order(("mug", 1, 20_000)),
            "customer": {"source_id": fresh("ann")},
        }
        client_side = client.client_side
        seen = client_side.validate_stacked_discounts_client_side(ORIGIN, body=asked)
        self.holds(seen, {"valid": True, "order": {"total_amount": 19_000}})
        used = client_side.redeem_stacked_discounts_client_side(ORIGIN, body=asked)
        self.holds(used, {"redemptions": [{"result": "SUCCESS", "voucher": {"code": ten.code}}]})
        tiers = client_side.list_promotion_tiers_client_side(ORIGIN, limit=100)
        self.assertIn(first.id, [tier.id for tier in tiers.tiers])
