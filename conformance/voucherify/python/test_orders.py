"""Orders as the shop tells them."""

from shop import Case, amount, client, code, finished, fresh, order, voucher


class Orders(Case):
    def test_are_made_read_by_either_id_changed_paid_listed(self):
        source_id = fresh("ann")
        sent = order(("mug", 2, 1250), ("pen", 1, 300))
        sent |= {"customer": {"source_id": source_id}, "metadata": {"store": "Riga", "gift": True}}
        made = client.orders.create_order(body=sent)
        self.assertRegex(made.id, "^ord_")
        customer = client.customers.get_customer(source_id).id
        self.holds(made, {"source_id": sent["source_id"], "status": "CREATED", "customer_id": customer})
        self.holds(made, {"amount": 2800, "total_amount": 2800, "metadata": sent["metadata"], "object": "order"})
        mug, pen = made.items
        self.holds(mug, {"source_id": "mug", "quantity": 2, "price": 1250, "amount": 2500, "object": "order_item"})
        self.holds(pen, {"source_id": "pen", "quantity": 1, "amount": 300, "subtotal_amount": 300})
        self.holds(client.orders.get_order(sent["source_id"]), {"id": made.id, "amount": 2800})
        changed = client.orders.update_order(made.id, body={"status": "PAID", "metadata": {"gift": False}})
        self.holds(changed, {"id": made.id, "status": "PAID", "metadata": {"store": "Riga", "gift": False}})
        self.assertIsNotNone(changed.updated_at)
        listed = client.orders.list_orders(limit=100)
        self.holds(listed, {"object": "list", "data_ref": "orders"})
        self.assertIn((made.id, "PAID"), [(one.id, one.status) for one in listed.orders])

    def test_are_redeemed_on_by_their_name_alone(self):
        sent = order(("mug", 1, 5000)) | {"customer": {"source_id": fresh("ann")}}
        made, ten = client.orders.create_order(body=sent), code(amount(1000))
        used = client.redemptions.redeem_stacked_discounts(
            body={"redeemables": [voucher(ten.code)], "order": {"source_id": sent["source_id"]}}
        )
        self.holds(used.order, {"id": made.id, "amount": 5000, "total_amount": 4000, "status": "PAID"})
        self.holds(client.orders.get_order(made.id), {"total_amount": 4000, "customer_id": made.customer_id})

    def test_of_the_past_are_imported(self):
        source_id = fresh("ann")
        sent = order(("mug", 2, 900)) | {"status": "PAID", "customer": {"source_id": source_id}}
        action = finished(self, client.orders.import_orders(body=[sent]))
        self.holds(action, {"type": "ORDERS.IMPORT", "result": {"done_count": 1, "failed_count": 0}})
        self.holds(client.orders.get_order(sent["source_id"]), {"status": "PAID", "amount": 1800})
        told = client.customers.list_customer_activity(source_id, type="customer.order.created")
        self.assertEqual([one.type for one in told.data], ["customer.order.created"])
        self.holds(told.data[0].data["order"], {"source_id": sent["source_id"], "amount": 1800})

    def test_that_nobody_knows_are_not_found(self):
        change = client.orders.update_order
        self.refused(404, "not_found", change, "ord_0", body={"status": "PAID"})
