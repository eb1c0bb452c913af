"""Campaigns of each type, their codes and tiers; codes that stand alone."""

from shop import Case, amount, client, code, finished, fresh, gift_card, needs, percent, promotion


def coupons(**more):
    return {
        "name": fresh("spring"),
        "campaign_type": "DISCOUNT_COUPONS",
        "type": "STATIC",
        "voucher": {
            "type": "DISCOUNT_VOUCHER",
            "discount": percent(10.5, amount_limit=5000),
            "redemption": {"quantity": 2},
            "code_config": {"pattern": "SPR-####-####"},
        },
        **more,
    }


class Campaigns(Case):
    def test_are_made_read_changed_switched_listed_removed(self):
        sent = coupons(
            description="for spring",
            start_date="2026-01-01T00:00:00Z",
            expiration_date="2099-12-31T00:00:00Z",
            metadata={"team": "north"},
        )
        made = client.campaigns.create_campaign(body=sent)
        self.assertRegex(made.id, "^camp_")
        self.holds(
            made,
            {
                "name": sent["name"],
                "campaign_type": "DISCOUNT_COUPONS",
                "type": "STATIC",
                "active": True,
                "metadata": {"team": "north"},
                "object": "campaign",
                "vouchers_count": 0,
                "auto_join": False,
                "join_once": False,
                "creation_status": "DONE",
                "vouchers_generation_status": "DONE",
                "voucher": {
                    "type": "DISCOUNT_VOUCHER",
                    "discount": {"type": "PERCENT", "percent_off": 10.5, "amount_limit": 5000},
                    "redemption": {"quantity": 2},
                },
            },
        )
        self.assertEqual(made.start_date.isoformat(), "2026-01-01T00:00:00+00:00")
        for name in [made.id, made.name]:
            self.holds(client.campaigns.get_campaign(name), {"id": made.id, "name": made.name})
        changed = client.campaigns.update_campaign(made.id, body={"metadata": {"team": "south"}})
        self.holds(changed, {"id": made.id, "metadata": {"team": "south"}})
        client.campaigns.disable_campaign(made.id)
        self.holds(client.campaigns.get_campaign(made.id), {"active": False})
        client.campaigns.enable_campaign(made.id)
        self.holds(client.campaigns.get_campaign(made.id), {"active": True})
        listed = client.campaigns.list_campaigns(limit=100)
        self.holds(listed, {"object": "list", "data_ref": "campaigns"})
        self.assertIn(made.id, [campaign.id for campaign in listed.campaigns])

    @needs("GET /v1/async-actions/{}")
    def test_are_removed(self):
        made = client.campaigns.create_campaign(body=coupons())
        removed = client.campaigns.delete_campaign(made.id, force=True)
        self.holds(finished(self, removed), {"type": "CAMPAIGN.VOUCHERS_DELETE"})
        listed = client.async_actions.list_async_actions(limit=100)
        self.holds(listed, {"object": "list", "data_ref": "async_actions"})
        self.assertIn(removed.async_action_id, [action.id for action in listed.async_actions])
        self.refused(404, "not_found", client.campaigns.get_campaign, made.id)

    def test_have_names_of_their_own(self):
        sent = coupons()
        client.campaigns.create_campaign(body=sent)
        self.refused(409, "duplicate_found", client.campaigns.create_campaign, body=sent)

    def test_give_out_codes(self):
        campaign = client.campaigns.create_campaign(body=coupons())
        one = client.campaigns.add_vouchers_to_campaign(campaign.id, vouchers_count=1, body={})
        self.holds(one, {"campaign": campaign.name, "redemption": {"quantity": 2, "redeemed_quantity": 0}})
        chosen = fresh("CHOSEN").upper()
        made = client.campaigns.add_voucher_with_specific_code_to_campaign(
            campaign.id, chosen, body={"metadata": {"partner": "east"}}
        )
        self.holds(made, {"code": chosen, "metadata": {"partner": "east"}})
        many = client.campaigns.add_vouchers_to_campaign(campaign.id, vouchers_count=3, body={})
        self.assertRegex(many.async_action_id, "_")
        listed = client.vouchers.list_vouchers(campaign=campaign.name, limit=10)
        self.holds(listed, {"object": "list", "data_ref": "vouchers", "total": 5})

    def test_of_gift_cards_give_each_its_balance(self):
        voucher = {"type": "GIFT_VOUCHER", "gift": {"amount": 10_000}, "redemption": {"quantity": None}}
        made = client.campaigns.create_campaign(
            body={"name": fresh("gifts"), "campaign_type": "GIFT_VOUCHERS", "voucher": voucher}
        )
        self.holds(made, {"campaign_type": "GIFT_VOUCHERS", "voucher": {"gift": {"amount": 10_000}}})
        card = client.campaigns.add_vouchers_to_campaign(made.id, vouchers_count=1, body={})
        self.holds(card, {"type": "GIFT_VOUCHER", "gift": {"amount": 10_000, "balance": 10_000}})

    @needs("GET /v1/campaigns/{}/summary")
    def test_are_summed_up(self):
        campaign = client.campaigns.create_campaign(body=coupons())
        summary = client.campaigns.get_campaign_summary(campaign.id)
        self.holds(summary, {"object": "campaign_summary"})


class Promotions(Case):
    def test_have_tiers(self):
        first = promotion(amount(500), metadata={"place": "top"})
        self.assertRegex(first.id, "^promo_")
        campaign = first.campaign_id
        second = client.promotions.add_promotion_tier_to_campaign(
            campaign, body={"name": "second", "banner": "10 %", "action": {"discount": percent(10)}, "hierarchy": 2}
        )
        self.holds(
            second,
            {
                "name": "second",
                "banner": "10 %",
                "action": {"discount": {"type": "PERCENT", "percent_off": 10}},
                "hierarchy": 2,
                "active": True,
                "campaign": {"id": campaign},
                "object": "promotion_tier",
            },
        )
        read = client.promotions.get_promotion_tier(first.id)
        self.holds(read, {"id": first.id, "metadata": {"place": "top"}, "action": {"discount": amount(500)}})
        changed = client.promotions.update_promotion_tier(second.id, body={"banner": "Now"})
        self.holds(changed, {"id": second.id, "name": "second", "banner": "Now"})
        self.holds(client.promotions.disable_promotion_tier(second.id), {"id": second.id, "active": False})
        self.holds(client.promotions.enable_promotion_tier(second.id), {"id": second.id, "active": True})
        listed = client.promotions.list_promotion_tiers_from_campaign(campaign)
        self.holds(listed, {"object": "list", "data_ref": "tiers", "total": 2})
        self.assertEqual([tier.id for tier in listed.tiers], [first.id, second.id])
        everything = client.promotions.list_promotion_tiers(is_available=True, limit=100)
        self.assertIn(second.id, [tier.id for tier in everything.tiers])
        client.promotions.delete_promotion_tier(second.id)
        self.refused(404, "not_found", client.promotions.get_promotion_tier, second.id)

    @needs("POST /v1/promotions/{}/stacks", "GET /v1/promotions/stacks")
    def test_have_stacks(self):
        first = promotion(amount(500))
        campaign = first.campaign_id
        second = client.promotions.add_promotion_tier_to_campaign(
            campaign, body={"name": "second", "action": {"discount": percent(10)}}
        )
        both = {"ids": [first.id, second.id], "hierarchy_mode": "MANUAL"}
        made = client.promotions.create_promotion_stack(campaign, body={"name": "both", "tiers": both})
        self.assertRegex(made.id, "^stack_")
        self.holds(made, {"name": "both", "tiers": both, "object": "promotion_stack"})
        self.holds(client.promotions.get_promotion_stack(campaign, made.id), {"id": made.id})
        changed = client.promotions.update_promotion_stack(campaign, made.id, body={"name": "two"})
        self.holds(changed, {"id": made.id, "name": "two"})
        self.holds(client.promotions.list_promotion_stacks_in_campaign(campaign), {"total": 1})
        everything = client.promotions.list_all_promotion_stacks(limit=100)
        self.assertIn(made.id, [stack.id for stack in everything.data])
        client.promotions.delete_promotion_stack(campaign, made.id)
        self.refused(404, "not_found", client.promotions.get_promotion_stack, campaign, made.id)


class Vouchers(Case):
    def test_are_made_read_changed_switched_listed_removed(self):
        name = fresh("TEN").upper()
        sent = {
            "type": "DISCOUNT_VOUCHER",
            "discount": amount(1000, effect="APPLY_TO_ORDER"),
            "expiration_date": "2099-01-01T00:00:00Z",
            "redemption": {"quantity": 3},
            "additional_info": "printed",
            "metadata": {"partner": "north"},
        }
        made = client.vouchers.create_voucher(name, body=sent)
        self.assertRegex(made.id, "^v_")
        self.holds(
            made,
            {
                "code": name,
                "type": "DISCOUNT_VOUCHER",
                "discount": {"type": "AMOUNT", "amount_off": 1000, "effect": "APPLY_TO_ORDER"},
                "active": True,
                "additional_info": "printed",
                "metadata": {"partner": "north"},
                "is_referral_code": False,
                "redemption": {"quantity": 3, "redeemed_quantity": 0},
                "object": "voucher",
            },
        )
        for key in [made.code, made.id]:
            self.holds(client.vouchers.get_voucher(key), {"id": made.id, "code": name})
        changed = client.vouchers.update_voucher(name, body={"metadata": {"partner": "south"}})
        self.holds(changed, {"code": name, "metadata": {"partner": "south"}})
        self.holds(client.vouchers.disable_voucher(name), {"code": name, "active": False})
        self.holds(client.vouchers.enable_voucher(name), {"code": name, "active": True})
        listed = client.vouchers.list_vouchers(limit=100, page=1)
        self.assertIn(made.id, [voucher.id for voucher in listed.vouchers])
        client.vouchers.delete_voucher(name, force=True)
        self.refused(404, "not_found", client.vouchers.get_voucher, name)

    def test_get_a_code_where_none_is_chosen(self):
        made = client.vouchers.generate_random_code(
            body={"type": "DISCOUNT_VOUCHER", "discount": percent(5), "code_config": {"pattern": "R-####"}}
        )
        self.assertRegex(made.code, "^R-.{4}$")

    def test_that_are_gift_cards_have_a_balance(self):
        card = gift_card(5000)
        self.holds(card, {"type": "GIFT_VOUCHER", "gift": {"amount": 5000, "balance": 5000}})
        added = client.vouchers.update_voucher_balance(card.code, body={"amount": 1500})
        self.holds(
            added,
            {
                "amount": 1500,
                "total": 6500,
                "balance": 6500,
                "type": "gift_voucher",
                "object": "balance",
                "related_object": {"type": "voucher", "id": card.id},
            },
        )
        client.vouchers.update_voucher_balance(card.code, body={"amount": -2500})
        self.holds(client.vouchers.get_voucher(card.code), {"gift": {"balance": 4000}})

    @needs("GET /v1/vouchers/{}/transactions")
    def test_tell_what_became_of_their_money(self):
        card = gift_card(5000)
        client.vouchers.update_voucher_balance(card.code, body={"amount": 700})
        rows = client.vouchers.list_voucher_transactions(card.code, limit=10)
        self.assertIn("CREDITS_ADDITION", [row.type for row in rows.data])


class OddCodes(Case):
    def test_are_found(self):
        name = fresh("50% & more?")
        made = client.vouchers.create_voucher(name, body={"type": "DISCOUNT_VOUCHER", "discount": amount(1)})
        self.holds(client.vouchers.get_voucher(name), {"id": made.id})
        self.assertIsNone(code(amount(1)).campaign)
