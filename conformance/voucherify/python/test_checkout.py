"""Rules, and the life of an order: qualify, validate, redeem, roll back."""

from shop import PROJECT, Case, amount, client, code, fresh, gift_card, order, percent, promotion, tier, voucher


def of_two_hundred():
    return order(("mug", 2, 5000), ("shirt", 1, 10_000))


def at_least(least, **more):
    node = {"name": "order.amount", "conditions": {"$more_than_or_equal": [least]}}
    return {"name": fresh("at least"), "rules": {"1": node, "logic": "1"}, **more}


class Rules(Case):
    def test_are_made_read_changed_listed_removed(self):
        sent = at_least(5000, error={"message": "Spend 50 or more"})
        made = client.validation_rules.create_validation_rules(body=sent)
        self.assertRegex(made.id, "^val_")
        self.holds(made, {"name": sent["name"], "type": "expression", "object": "validation_rules"})
        self.holds(made, {"rules": sent["rules"], "error": {"message": "Spend 50 or more"}})
        read = client.validation_rules.get_validation_rule(made.id)
        self.holds(read, {"id": made.id, "rules": sent["rules"]})
        rules = at_least(6000)["rules"]
        changed = client.validation_rules.update_validation_rule(made.id, body={"rules": rules})
        self.holds(changed, {"id": made.id, "rules": rules})
        listed = client.validation_rules.list_validation_rules(limit=100)
        self.assertIn(made.id, [rule.id for rule in listed.data])
        client.validation_rules.delete_validation_rules(made.id)
        self.refused(404, "not_found", client.validation_rules.get_validation_rule, made.id)

    def test_are_assigned_and_taken_away_and_decide(self):
        ten = code(amount(1000))
        rule = client.validation_rules.create_validation_rules(body=at_least(5000))
        made = client.validation_rules.create_validation_rule_assignment(
            rule.id, body={"related_object_type": "voucher", "related_object_id": ten.id}
        )
        self.assertRegex(made.id, "^asgm_")
        self.holds(made, {"rule_id": rule.id, "related_object_id": ten.id, "related_object_type": "voucher"})
        listed = client.validation_rules.list_validation_rule_assignments(rule.id)
        self.holds(listed, {"total": 1, "data": [{"id": made.id}]})
        everything = client.validation_rules.list_validation_rules_assignments(rule=rule.id)
        self.holds(everything, {"data": [{"id": made.id}]})
        read = client.vouchers.get_voucher(ten.code)
        self.holds(read, {"validation_rules_assignments": {"total": 1, "data": [{"rule_id": rule.id}]}})
        small = self.validated(ten.code, ("mug", 1, 4999))
        self.holds(small, {"valid": False, "redeemables": [{"status": "INAPPLICABLE"}]})
        self.holds(small.redeemables[0].result, {"error": {"code": 400, "key": "order_rules_violated"}})
        enough = self.validated(ten.code, ("mug", 1, 5000))
        self.holds(enough, {"valid": True, "order": {"total_amount": 4000}})
        client.validation_rules.delete_validation_rule_assignment(rule.id, made.id)
        self.holds(self.validated(ten.code, ("mug", 1, 4999)), {"valid": True})

    def test_may_be_rich_and_are_read_back(self):
        product = client.products.create_product(body={"source_id": fresh("mug"), "name": "Mug", "price": 100})
        goods = {"id": product.id, "object": "product", "effect": "APPLY_TO_EVERY", "quantity_limit": 2}
        sent = {
            "name": fresh("rich"),
            "rules": {
                "1": {"name": "customer.metadata", "property": "tier", "conditions": {"$is": ["gold"]}},
                "2": {"name": "redemption.count.per_customer", "conditions": {"$less_than_or_equal": [1]}},
                "logic": "1 and 2",
            },
            "applicable_to": {"included": [goods], "excluded": [], "included_all": False},
        }
        made = client.validation_rules.create_validation_rules(body=sent)
        self.holds(made.applicable_to, {"included_all": False})
        self.holds(made.applicable_to.included, [{"id": product.id, "effect": "APPLY_TO_EVERY", "quantity_limit": 2}])
        body = {"type": "DISCOUNT_VOUCHER", "discount": percent(50, effect="APPLY_TO_ITEMS"), "validation_rules": [made.id]}
        half = client.vouchers.create_voucher(fresh("HALF").upper(), body=body)
        asked = {
            "redeemables": [voucher(half.code)],
            "order": order((product.source_id, 3, 100), ("pen", 1, 50)),
            "customer": {"source_id": fresh("ann"), "metadata": {"tier": "gold"}},
        }
        answer = client.validations.validate_stacked_discounts(body=asked)
        row = answer.redeemables[0]
        if row.status == "APPLICABLE":
            self.holds(row.applicable_to, {"total": 1, "data": [{"object": "product"}]})
            self.holds(answer.order, {"total_amount": 250})
        else:
            self.holds(row.result, {"error": {"key": "customer_rules_violated"}})

    def validated(self, name, *lines):
        body = {"redeemables": [voucher(name)], "order": order(*lines)}
        return client.validations.validate_stacked_discounts(body=body)


class Qualifications(Case):
    def test_name_what_fits_in_every_scenario(self):
        first = promotion(amount(500))
        card = gift_card(1000)
        asked = {
            "customer": {"source_id": fresh("ann")},
            "order": of_two_hundred(),
            "options": {"limit": 50, "expand": ["redeemable", "category", "validation_rules"]},
        }
        answer = client.qualifications.check_eligibility(body=asked | {"scenario": "ALL"})
        rows = {row.id: row for row in answer.redeemables.data}
        self.holds(
            rows[first.id],
            {
                "object": "promotion_tier",
                "result": {"discount": {"type": "AMOUNT", "amount_off": 500}},
                "order": {"amount": 20_000, "total_discount_amount": 500, "total_amount": 19_500},
            },
        )
        if card.code in rows:
            self.holds(rows[card.code], {"object": "voucher", "result": {"gift": {"balance": 1000}}})
        for scenario in ["CUSTOMER_WALLET", "AUDIENCE_ONLY", "PRODUCTS", "PRODUCTS_DISCOUNT", "PROMOTION_STACKS"]:
            answer = client.qualifications.check_eligibility(body=asked | {"scenario": scenario})
            self.holds(answer.redeemables, {"object": "list", "data_ref": "data"})


class Checkout(Case):
    def test_validations_say_what_applies_what_does_not_and_what_was_skipped(self):
        ten = code(amount(1000))
        asked = {"redeemables": [voucher("NO-SUCH-CODE"), voucher(ten.code)], "order": of_two_hundred()}
        answer = client.validations.validate_stacked_discounts(body=asked)
        self.holds(answer, {"valid": False})
        self.assertEqual([row.status for row in answer.redeemables], ["INAPPLICABLE", "SKIPPED"])
        self.holds(answer.inapplicable_redeemables, [{"id": "NO-SUCH-CODE"}])
        self.holds(answer.inapplicable_redeemables[0].result, {"error": {"code": 404, "key": "not_found"}})
        self.holds(answer.skipped_redeemables, [{"id": ten.code}])
        asked["redeemables"] = [voucher(ten.code)]
        answer = client.validations.validate_stacked_discounts(body=asked)
        self.holds(answer, {"valid": True, "order": {"total_discount_amount": 1000, "total_amount": 19_000}})
        self.holds(answer.redeemables[0], {"result": {"discount": {"type": "AMOUNT", "amount_off": 1000}}})

    def test_every_kind_of_discount_is_read(self):
        product = client.products.create_product(body={"source_id": fresh("sock"), "name": "Sock", "price": 500})
        unit = {"type": "UNIT", "unit_off": 1, "unit_type": product.id}
        for discount, total in [
            (amount(300, effect="APPLY_TO_ITEMS_BY_QUANTITY"), 19_100),
            (amount(300, effect="APPLY_TO_ITEMS_PROPORTIONALLY"), 19_700),
            (amount(300, effect="APPLY_TO_ITEMS_PROPORTIONALLY_BY_QUANTITY"), 19_700),
            (percent(12.5, effect="APPLY_TO_ITEMS"), 17_500),
            ({"type": "FIXED", "fixed_amount": 15_000, "effect": "APPLY_TO_ORDER"}, 15_000),
            (unit | {"effect": "ADD_NEW_ITEMS"}, 20_000),
            (unit | {"effect": "ADD_MISSING_ITEMS"}, 20_000),
        ]:
            with self.subTest(discount=discount):
                made = code(discount)
                self.holds(made, {"discount": discount})
                asked = {"redeemables": [voucher(made.code)], "order": of_two_hundred()}
                answer = client.validations.validate_stacked_discounts(body=asked)
                self.holds(answer, {"valid": True, "order": {"total_amount": total}})
                self.holds(answer.redeemables[0], {"result": {"discount": {"type": discount["type"]}}})

    def test_one_code_is_used_once_and_given_back(self):
        one = code(amount(1000), redemption={"quantity": 1})
        sent = of_two_hundred()
        asked = {
            "redeemables": [voucher(one.code)],
            "order": sent,
            "customer": {"source_id": fresh("ann"), "name": "Ann"},
            "metadata": {"till": 3},
        }
        answer = client.redemptions.redeem_stacked_discounts(body=asked)
        (redemption,) = answer.redemptions
        self.assertRegex(redemption.id, "^r_")
        self.holds(
            redemption,
            {
                "object": "redemption",
                "result": "SUCCESS",
                "status": "SUCCEEDED",
                "metadata": {"till": 3},
                "related_object_type": "voucher",
                "related_object_id": one.id,
                "voucher": {"code": one.code},
                "order": {"amount": 20_000, "total_amount": 19_000},
                "channel": {"channel_type": "API"},
            },
        )
        self.holds(answer.order, {"source_id": sent["source_id"], "status": "PAID", "total_amount": 19_000})
        self.assertIn(redemption.id, answer.order.redemptions)
        read = client.redemptions.get_redemption(redemption.id)
        self.holds(read, {"id": redemption.id, "status": "SUCCEEDED"})
        listed = client.redemptions.list_redemptions(limit=10)
        self.holds(listed, {"object": "list", "data_ref": "redemptions"})
        self.holds(listed.redemptions[0], {"id": redemption.id})
        uses = client.redemptions.get_voucher_redemptions(one.code)
        self.holds(uses, {"quantity": 1, "redeemed_quantity": 1, "total": 1})
        stored = client.orders.get_order(answer.order.id)
        self.holds(stored, {"id": answer.order.id, "source_id": sent["source_id"], "total_amount": 19_000})
        self.assertIn(stored.id, [order.id for order in client.orders.list_orders(limit=10).orders])
        again = asked | {"order": of_two_hundred()}
        redeem = client.redemptions.redeem_stacked_discounts
        self.refused(400, "quantity_exceeded", redeem, body=again)
        undone = client.redemptions.rollback_redemption(redemption.id, reason="returned")
        self.assertRegex(undone.id, "^rr_")
        self.holds(undone, {"object": "redemption_rollback", "redemption": redemption.id, "result": "SUCCESS"})
        self.holds(client.redemptions.get_redemption(redemption.id), {"status": "ROLLED_BACK"})
        self.holds(client.redemptions.get_redemption(undone.id), {"object": "redemption_rollback"})
        client.redemptions.list_redemptions(limit=100)
        client.redemptions.get_voucher_redemptions(one.code)
        back = client.redemptions.rollback_redemption
        self.refused(400, "already_rolled_back", back, redemption.id)

    def test_several_make_one_parent_and_roll_back_together(self):
        ten, first, card = code(percent(10)), promotion(amount(500)), gift_card(5000)
        asked = {
            "redeemables": [voucher(ten.code), voucher(card.code, gift={"credits": 3000}), tier(first.id)],
            "order": of_two_hundred(),
            "customer": {"source_id": fresh("ann")},
        }
        answer = client.redemptions.redeem_stacked_discounts(body=asked)
        parent = answer.parent_redemption
        self.holds(answer.order, {"total_discount_amount": 5500, "total_amount": 14_500})
        self.assertEqual([one.redemption for one in answer.redemptions], [parent.id] * 3)
        self.holds(answer.redemptions[1], {"amount": 3000, "gift": {"amount": 3000}})
        self.holds(answer.redemptions[2], {"promotion_tier": {"id": first.id}})
        self.holds(parent, {"result": "SUCCESS", "related_object_type": "redemption"})
        self.holds(client.vouchers.get_voucher(card.code), {"gift": {"balance": 2000}})
        client.redemptions.get_redemption(parent.id)
        client.redemptions.list_redemptions(limit=100)
        undone = client.redemptions.rollback_stacked_redemptions(parent.id, reason="returned")
        self.assertEqual(len(undone.rollbacks), 3)
        self.holds(undone.rollbacks[1], {"amount": -3000, "result": "SUCCESS"})
        self.holds(undone.order, {"status": "CANCELED"})
        self.holds(client.vouchers.get_voucher(card.code), {"gift": {"balance": 5000}})

    def test_a_session_holds_a_use_until_it_is_let_go(self):
        one = code(amount(1000), redemption={"quantity": 1})
        asked = {"redeemables": [voucher(one.code)], "order": of_two_hundred()}
        held = client.validations.validate_stacked_discounts(
            body=asked | {"session": {"type": "LOCK", "ttl": 1, "ttl_unit": "HOURS"}}
        )
        self.holds(held, {"valid": True, "session": {"type": "LOCK", "ttl": 1, "ttl_unit": "HOURS"}})
        redeem = client.redemptions.redeem_stacked_discounts
        self.refused(400, "quantity_exceeded", redeem, body=asked)
        client.vouchers.release_validation_session(one.code, held.session.key)
        self.assertEqual(redeem(body=asked).redemptions[0].result, "SUCCESS")


class Stacking(Case):
    def test_rules_are_made_read_changed_listed_removed(self):
        project = PROJECT
        made = client.management.create_stacking_rules(project, body={"redeemables_application_mode": "PARTIAL"})
        try:
            self.assertRegex(made.id, "^stk_")
            self.holds(made, {"redeemables_application_mode": "PARTIAL", "redeemables_limit": 30})
            self.holds(client.management.get_stacking_rules(project, made.id), {"id": made.id})
            changed = client.management.update_stacking_rules(project, made.id, body={"applicable_redeemables_limit": 2})
            self.holds(changed, {"applicable_redeemables_limit": 2, "redeemables_application_mode": "PARTIAL"})
            self.holds(client.management.list_stacking_rules(project), {"total": 1})
            ten = code(percent(10))
            asked = {"redeemables": [voucher("NO-SUCH-CODE"), voucher(ten.code)], "order": of_two_hundred()}
            answer = client.validations.validate_stacked_discounts(body=asked)
            self.holds(answer, {"valid": True, "redeemables": [{"id": ten.code}], "order": {"total_amount": 18_000}})
            used = client.redemptions.redeem_stacked_discounts(body=asked)
            self.holds(used, {"inapplicable_redeemables": [{"id": "NO-SUCH-CODE"}]})
        finally:
            client.management.delete_stacking_rules(project, made.id)
