"""Customers and segments."""

import voucherify

import shop
from shop import Case, client, fresh


class Customers(Case):
    def test_are_made_read_changed_listed_removed(self):
        source_id = fresh("ann")
        sent = {
            "source_id": source_id,
            "name": "Ann",
            "email": f"{source_id}@shop.example",
            "phone": "+100",
            "description": "from the fair",
            "address": {"city": "Dublin", "country": "IE", "line_1": "1 Quay", "postal_code": "D1"},
            "metadata": {"tier": "gold", "children": 2},
        }
        made = client.customers.create_customer(body=sent)
        self.assertRegex(made.id, "^cust_")
        self.holds(made, sent | {"object": "customer"})
        self.holds(made, {"summary": {"orders": {"total_amount": 0, "total_count": 0}}})
        self.holds(made, {"summary": {"redemptions": {"total_redeemed": 0, "gift": {"redeemed_amount": 0}}}})
        self.holds(made, {"loyalty": {"points": 0, "referred_customers": 0}})
        for name in [made.id, source_id]:
            self.holds(client.customers.get_customer(name), {"id": made.id, "name": "Ann"})
        changed = client.customers.update_customer(made.id, body={"name": "Anna"})
        self.holds(changed, {"id": made.id, "name": "Anna", "email": sent["email"]})
        listed = client.customers.list_customers(
            limit=100, page=1, order=voucherify.ParameterOrderListCustomers("-created_at")
        )
        self.holds(listed, {"object": "list", "data_ref": "customers"})
        (row,) = [customer for customer in listed.customers if customer.id == made.id]
        self.holds(row, {"name": "Anna", "email": sent["email"]})
        client.customers.delete_customer(made.id)
        body = self.refused(404, "not_found", client.customers.get_customer, made.id)
        self.holds(body, {"resource_id": made.id, "resource_type": "customer"})


    def test_are_erased_for_good(self):
        made = client.customers.create_customer(body={"source_id": fresh("eve"), "name": "Eve"})
        proof = client.customers.customer_permanently_deletion(made.id)
        self.assertRegex(proof.id, "^del_")
        self.holds(proof, {"related_object_id": made.id, "related_object": "customer", "status": "DONE"})
        self.refused(404, "not_found", client.customers.get_customer, made.id)


class Keys(Case):
    def test_that_nobody_knows_are_told_so(self):
        nobody = shop.Client({"X-App-Id": "x", "X-App-Token": "sk_test_nobodys"})
        self.refused(401, "unauthorized", nobody.customers.list_customers)
        self.refused(401, "unauthorized", nobody.segments.get_segment, "seg_0")

    def test_of_pages_may_do_nothing_on_the_servers_side(self):
        page = shop.Client({"X-App-Id": "x", "X-App-Token": shop.KEYS["X-Client-Token"]})
        self.refused(403, "missing_required_permission", page.vouchers.list_vouchers)


class Segments(Case):
    def test_hold_who_is_listed_or_whom_a_filter_finds(self):
        customer = client.customers.create_customer(body={"source_id": fresh("cleo"), "name": fresh("Cleo")})
        sent = {"name": fresh("listed"), "type": "static", "customers": [customer.id]}
        fixed = client.segments.create_segment(body=sent)
        self.assertRegex(fixed.id, "^seg_")
        self.holds(fixed, {"type": "static", "object": "segment"})
        named = {"junction": "and", "name": {"conditions": {"$is": [customer.name]}}}
        sent = {"name": fresh("named"), "type": "auto-update", "filter": named}
        found = client.segments.create_segment(body=sent)
        self.holds(client.segments.get_segment(found.id), {"id": found.id, "name": sent["name"], "filter": named})
        segments = client.customers.list_customer_segments(customer.id)
        self.holds(segments, {"object": "list", "data_ref": "data"})
        for segment in [fixed, found]:
            client.segments.delete_segment(segment.id)
            self.refused(404, "not_found", client.segments.get_segment, segment.id)
