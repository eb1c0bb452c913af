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

    def test_ask_what_fits(self):
        first = promotion(amount(500))
        # The call has no word for the page's origin: it stands beside it.
        client_side = shop.Client(shop.KEYS, Origin=ORIGIN).client_side
        asked = {"order": order(("mug", 1, 9000)), "options": {"limit": 50}}
        found = client_side.check_eligibility_client_side(body=asked)
        (row,) = [row for row in found.redeemables.data if row.id == first.id]
        self.holds(row, {"object": "promotion_tier", "order": {"total_amount": 8500}})

    def test_tell_of_what_happened(self):
        asked = {"event": "newsletter", "customer": {"source_id": fresh("ann")}, "metadata": {"place": "foot"}}
        told = client.client_side.track_custom_event_client_side(ORIGIN, body=asked)
        self.holds(told, {"object": "event", "type": "newsletter", "customer": {"object": "customer"}})

    def test_are_asked_only_with_their_own_key_and_from_where_they_are(self):
        asked = {"redeemables": [voucher("TEN")], "order": order(("mug", 1, 500))}
        call = client.client_side.validate_stacked_discounts_client_side
        self.refused(403, "forbidden", call, "https://elsewhere.example", body=asked)
        nobody = shop.Client(shop.KEYS | {"X-Client-Token": "pk_nobodys"}).client_side
        call = nobody.validate_stacked_discounts_client_side
        self.refused(401, "unauthorized", call, ORIGIN, body=asked)
