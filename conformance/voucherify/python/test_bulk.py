"""Very many at once: lists, tables, changes in the background, and tables of everything."""

import csv
import pathlib
import tempfile
import time
import urllib.parse

import voucherify

from shop import Case, amount, client, code, finished, fresh, gift_card, order, voucher


class Lists(Case):
    def test_make_vouchers_and_change_the_metadata_of_each_or_of_all(self):
        codes = [fresh("OLD").upper(), fresh("OLD").upper()]
        started = client.vouchers.import_vouchers(
            body=[
                {"code": codes[0], "type": "DISCOUNT_VOUCHER", "discount": amount(700), "metadata": {"shop": "north"}},
                {"code": codes[1], "type": "GIFT_VOUCHER", "gift": {"amount": 900}},
            ]
        )
        action = finished(self, started)
        self.holds(action, {"type": "VOUCHERS.IMPORT", "result": {"done_count": 2, "failed_count": 0}})
        self.holds(client.vouchers.get_voucher(codes[1]), {"gift": {"amount": 900, "balance": 900}})
        each = [{"code": code, "metadata": {"at": at}} for at, code in enumerate(codes)]
        self.holds(finished(self, client.vouchers.update_vouchers_in_bulk(body=each)), {"type": "VOUCHERS.BULK_UPDATE"})
        both = {"codes": codes, "metadata": {"season": "spring"}}
        started = client.vouchers.update_vouchers_metadata_in_bulk(body=both)
        self.holds(finished(self, started), {"type": "VOUCHERS.METADATA_UPDATE"})
        first, second = [client.vouchers.get_voucher(code) for code in codes]
        self.holds(first, {"metadata": {"shop": "north", "at": 0, "season": "spring"}})
        self.holds(second, {"metadata": {"at": 1, "season": "spring"}})

    def test_add_codes_to_a_campaign(self):
        campaign, chosen = printed(), fresh("OLD").upper()
        started = client.campaigns.import_vouchers_to_campaign(
            campaign.id, body=[{"code": chosen, "metadata": {"shop": "north"}}]
        )
        self.holds(finished(self, started), {"type": "CAMPAIGN.VOUCHERS_IMPORT"})
        self.holds(client.vouchers.get_voucher(chosen), {"campaign": campaign.name, "metadata": {"shop": "north"}})

    def test_make_and_change_customers(self):
        ann, bob = fresh("ann"), fresh("bob")
        client.customers.create_customer(body={"source_id": ann, "name": "Ann", "metadata": {"tier": "gold"}})
        rows = [{"source_id": ann, "name": "Anna"}, {"source_id": bob, "name": "Bob"}]
        started = client.customers.update_customers_in_bulk(body=rows)
        self.holds(finished(self, started), {"type": "CUSTOMERS.BULK_UPDATE", "result": {"done_count": 2}})
        both = {"source_ids": [ann, bob], "metadata": {"season": "spring"}}
        started = client.customers.update_customers_metadata_in_bulk(body=both)
        self.holds(finished(self, started), {"type": "CUSTOMERS.METADATA_UPDATE"})
        self.holds(client.customers.get_customer(ann), {"name": "Anna", "metadata": {"tier": "gold", "season": "spring"}})
        self.holds(client.customers.get_customer(bob), {"name": "Bob", "metadata": {"season": "spring"}})

    def test_make_and_change_products(self):
        mug, hat = fresh("mug"), fresh("hat")
        client.products.create_product(body={"source_id": mug, "name": "Mug", "price": 1250})
        rows = [{"source_id": mug, "price": 1300}, {"source_id": hat, "name": "Hat", "price": 2500}]
        started = client.products.update_products_in_bulk(body=rows)
        self.holds(finished(self, started), {"type": "PRODUCTS.BULK_UPDATE", "result": {"done_count": 2}})
        both = {"source_ids": [mug, hat], "metadata": {"season": "spring"}}
        started = client.products.update_products_metadata_in_bulk(body=both)
        self.holds(finished(self, started), {"type": "PRODUCTS.METADATA_UPDATE"})
        self.holds(client.products.get_product(mug), {"name": "Mug", "price": 1300, "metadata": {"season": "spring"}})
        self.holds(client.products.get_product(hat), {"name": "Hat", "price": 2500, "metadata": {"season": "spring"}})


def printed():
    voucher = {"type": "DISCOUNT_VOUCHER", "discount": amount(1000)}
    body = {"name": fresh("printed"), "campaign_type": "DISCOUNT_COUPONS", "voucher": voucher}
    return client.campaigns.create_campaign(body=body)


class TablesThatAreSent(Case):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def table(self, *rows):
        file = self.folder / f"{fresh('table')}.csv"
        with file.open("w", newline="") as opened:
            csv.writer(opened).writerows(rows)
        return str(file)

    def test_make_vouchers(self):
        chosen = fresh("CSV").upper()
        heading = ["Code", "Voucher Type", "Value", "Discount Type", "Redemption Limit", "shop"]
        file = self.table(heading, [chosen, "DISCOUNT_VOUCHER", 700, "AMOUNT", 3, "north, west"])
        self.holds(finished(self, client.vouchers.import_vouchers_using_csv(file)), {"type": "VOUCHERS.IMPORT_CSV"})
        made = client.vouchers.get_voucher(chosen)
        self.holds(made, {"discount": {"amount_off": 700}, "redemption": {"quantity": 3}})
        self.holds(made, {"metadata": {"shop": "north, west"}})

    def test_add_codes_to_a_campaign(self):
        campaign, chosen = printed(), fresh("CSV").upper()
        file = self.table(["Code", "shop"], [chosen, "north"])
        started = client.campaigns.import_vouchers_to_campaign_using_csv(campaign.id, file)
        self.holds(finished(self, started), {"type": "CAMPAIGN.VOUCHERS_IMPORT_CSV"})
        self.holds(client.vouchers.get_voucher(chosen), {"campaign": campaign.name, "metadata": {"shop": "north"}})

    def test_make_customers(self):
        source_id = fresh("ann")
        file = self.table(["source_id", "name", "address_city", "shop"], [source_id, "Ann", "Cork", "north"])
        self.holds(finished(self, client.customers.import_customers_using_csv(file)), {"type": "CUSTOMERS.IMPORT_CSV"})
        made = client.customers.get_customer(source_id)
        self.holds(made, {"name": "Ann", "address": {"city": "Cork"}, "metadata": {"shop": "north"}})

    def test_make_products_and_skus(self):
        shirt, medium = fresh("shirt"), fresh("shirt-m")
        file = self.table(["source_id", "name", "price"], [shirt, "Shirt", 1999])
        self.holds(finished(self, client.products.import_products_using_csv(file)), {"type": "PRODUCTS.IMPORT_CSV"})
        product = client.products.get_product(shirt)
        self.holds(product, {"name": "Shirt", "price": 1999})
        file = self.table(["product_id", "source_id", "sku", "price"], [product.id, medium, "Shirt M", 1899])
        self.holds(finished(self, client.products.import_skus_using_csv(file)), {"type": "SKUS.IMPORT_CSV"})
        self.holds(client.products.get_sku(medium), {"sku": "Shirt M", "price": 1899, "product_id": product.id})


class TablesThatAreAskedFor(Case):
    def rows(self, export_id):
        """The rows of a table once it is made, as the client downloads it."""
        for _ in range(50):
            found = client.exports.get_export(export_id)
            if found.status == "DONE":
                break
            self.assertNotEqual(found.status, "ERROR", found)
            time.sleep(0.1)
        self.assertEqual(found.status, "DONE")
        token = urllib.parse.parse_qs(urllib.parse.urlsplit(found.result.url).query)["token"][0]
        text = client.exports.download_export(export_id, token=token)
        return list(csv.reader(text.splitlines()))

    def test_are_made_read_listed_removed(self):
        place = fresh("north")
        one = code(amount(700), metadata={"shop": place})
        asked = client.exports.create_export(
            body={
                "exported_object": "voucher",
                "parameters": {
                    "order": "-created_at",
                    "fields": ["code", "voucher_type", "value", "active"],
                    "filters": {"junction": "and", "code": {"conditions": {"$is": [one.code]}}},
                },
            }
        )
        asked = getattr(asked, "actual_instance", asked)
        self.assertRegex(asked.id, "^exp_")
        self.holds(asked, {"status": "SCHEDULED", "exported_object": "voucher", "channel": "API", "object": "export"})
        heading = ["code", "voucher_type", "value", "active"]
        self.assertEqual(self.rows(asked.id), [heading, [one.code, "DISCOUNT_VOUCHER", "700", "true"]])
        listed = client.exports.list_exports(limit=10, order=voucherify.ParameterOrderListExports("-created_at"))
        self.holds(listed, {"object": "list", "data_ref": "exports"})
        rows = [getattr(row, "actual_instance", row) for row in listed.exports]
        self.assertIn((asked.id, "DONE"), [(row.id, row.status) for row in rows])
        client.exports.delete_export(asked.id)
        self.refused(404, "not_found", client.exports.get_export, asked.id)

    def test_tell_of_orders(self):
        sent = order(("mug", 2, 1250))
        client.orders.create_order(body=sent)
        asked = client.orders.create_order_export(
            body={"parameters": {"fields": ["source_id", "status", "amount"], "order": "-created_at"}}
        )
        self.holds(asked, {"status": "SCHEDULED", "exported_object": "order"})
        heading, *rows = self.rows(asked.id)
        self.assertEqual(heading, ["source_id", "status", "amount"])
        self.assertIn([sent["source_id"], "CREATED", "2500"], rows)

    def test_tell_of_the_cards_of_a_campaign(self):
        cards = client.campaigns.create_campaign(
            body={
                "name": fresh("cards"),
                "campaign_type": "GIFT_VOUCHERS",
                "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 5000}},
            }
        )
        card = client.campaigns.add_vouchers_to_campaign(cards.id, vouchers_count=1, body={})
        client.redemptions.redeem_stacked_discounts(
            body={"redeemables": [voucher(card.code, gift={"credits": 1200})], "order": order(("mug", 1, 2000))}
        )
        asked = client.campaigns.export_campaign_transactions(
            cards.id, body={"parameters": {"fields": ["voucher_id", "type", "amount", "balance"], "order": "created_at"}}
        )
        self.holds(asked, {"status": "SCHEDULED", "exported_object": "voucher_transactions"})
        expected = [
            ["voucher_id", "type", "amount", "balance"],
            [card.id, "CREDITS_ADDITION", "5000", "5000"],
            [card.id, "CREDITS_REDEMPTION", "-1200", "3800"],
        ]
        self.assertEqual(self.rows(asked.id), expected)
