"""Codes that are given to customers, what a customer holds, and who refers whom."""

from shop import Case, amount, client, code, fresh, gift_card, order, voucher

publish = client.publications.create_publication


def campaign(**more):
    """A campaign of codes for one use each."""
    body = {
        "name": fresh("mailing"),
        "campaign_type": "DISCOUNT_COUPONS",
        "voucher": {"type": "DISCOUNT_VOUCHER", "discount": amount(1000), "redemption": {"quantity": 1}},
        **more,
    }
    return client.campaigns.create_campaign(body=body)


class Publications(Case):
    def test_give_one_code_of_a_campaign_to_one_customer(self):
        mailing, source_id = campaign(), fresh("ann")
        made = publish(
            body={
                "campaign": {"name": mailing.name, "count": 1},
                "customer": {"source_id": source_id, "name": "Ann"},
                "metadata": {"by": "mail"},
            }
        )
        ann = client.customers.get_customer(source_id)
        self.assertRegex(made.id, "^pub_")
        self.holds(made, {"object": "publication", "result": "SUCCESS", "channel": "API", "customer_id": ann.id})
        self.holds(made, {"customer": {"id": ann.id, "name": "Ann"}, "metadata": {"by": "mail"}})
        given = made.voucher
        self.holds(given, {"campaign": mailing.name, "campaign_id": mailing.id, "holder_id": ann.id})
        self.holds(client.vouchers.get_voucher(given.code), {"holder_id": ann.id, "publish": {"count": 1}})
        listed = client.publications.list_publications(campaign=mailing.name, limit=10)
        self.holds(listed, {"object": "list", "data_ref": "publications", "total": 1})
        self.holds(listed.publications[0], {"id": made.id, "result": "SUCCESS"})

    def test_happen_once_where_a_campaign_is_joined_once(self):
        asked = {"campaign": {"name": campaign(join_once=True).name, "count": 1}, "customer": {"source_id": fresh("bob")}}
        first, second = publish(body=asked), publish(body=asked)
        self.assertEqual(first.voucher.code, second.voucher.code)

    def test_that_cannot_be_are_refused_and_listed(self):
        one = code(amount(100))
        publish(body={"voucher": one.code, "customer": {"source_id": fresh("ann")}})
        other = {"voucher": one.code, "customer": {"source_id": fresh("bob")}}
        self.refused(400, "voucher_already_published", publish, body=other)
        failed = client.publications.list_publications(limit=1).publications[0]
        self.holds(failed, {"result": "FAILURE", "failure_code": "voucher_already_published"})


class Wallets(Case):
    def test_show_what_a_customer_holds_and_how_it_stands(self):
        one, card, source_id = code(amount(1000), redemption={"quantity": 1}), gift_card(2000), fresh("ann")
        for held in [one, card]:
            publish(body={"voucher": held.code, "customer": {"source_id": source_id}})
        rows = client.customers.list_customer_redeemables(source_id, limit=10)
        self.holds(rows, {"object": "list", "data_ref": "data", "total": 2, "has_more": False})
        (held,) = [row for row in rows.data if row.redeemable_id == one.id]
        customer = client.customers.get_customer(source_id).id
        self.holds(held, {"redeemable_object": "voucher", "customer_id": customer, "holder_role": "OWNER"})
        self.holds(held, {"voucher_type": "DISCOUNT_VOUCHER", "redeemable": {"type": "voucher", "status": "ACTIVE"}})
        client.redemptions.redeem_stacked_discounts(
            body={
                "redeemables": [voucher(one.code), voucher(card.code)],
                "order": order(("mug", 1, 5000)),
                "customer": {"source_id": source_id},
            }
        )
        rows = client.customers.list_customer_redeemables(source_id).data
        stands = {row.redeemable_id: row.redeemable.status for row in rows}
        self.assertEqual(stands, {one.id: "USED", card.id: "NO_BALANCE"})


class Referrals(Case):
    def setUp(self):
        cards = client.campaigns.create_campaign(
            body={
                "name": fresh("cards"),
                "campaign_type": "GIFT_VOUCHERS",
                "voucher": {"type": "GIFT_VOUCHER", "gift": {"amount": 0}},
            }
        )
        # The client's models know the amount as a text.
        reward = {"type": "GIFT_VOUCHER", "amount": "500", "related_object_parent": {"id": cards.id, "object": "CAMPAIGN"}}
        self.friends = client.campaigns.create_campaign(
            body={
                "name": fresh("friends"),
                "campaign_type": "REFERRAL_PROGRAM",
                "referral_program": {"conversion_event_type": "redemption", "referee_reward": reward},
                "voucher": {"type": "DISCOUNT_VOUCHER", "discount": amount(1000)},
            }
        )
        self.holds(self.friends, {"campaign_type": "REFERRAL_PROGRAM", "referral_program": {"referee_reward": reward}})
        self.referrer = fresh("ann")
        given = publish(
            body={"campaign": {"name": self.friends.name, "count": 1}, "customer": {"source_id": self.referrer}}
        )
        self.code = given.voucher.code

    def test_bring_who_uses_the_code_a_reward(self):
        source_id = fresh("bob")
        use = client.redemptions.redeem_stacked_discounts
        asked = {"redeemables": [voucher(self.code)], "order": order(("mug", 1, 5000))}
        own = asked | {"customer": {"source_id": self.referrer}}
        self.refused(400, "referrer_not_permitted_to_redeem", use, body=own)
        used = use(body=asked | {"customer": {"source_id": source_id}})
        self.holds(used, {"order": {"total_amount": 4000}})
        rows = client.customers.list_customer_redeemables(source_id).data
        (card,) = [row.redeemable.voucher for row in rows if row.voucher_type == "GIFT_VOUCHER"]
        self.assertEqual(card.gift.balance, 500)
        roles = [row.holder_role for row in client.referrals.referrals_code_holders1(self.code).data]
        self.assertEqual(sorted(roles), ["REFEREE", "REFERRER"])

    def test_have_holders_that_are_added_listed_removed(self):
        referrals, friends, code = client.referrals, self.friends.id, self.code
        ways = [
            (referrals.referrals_add_holders, referrals.referrals_code_holders1, referrals.referrals_remove_holder, [code]),
            (
                referrals.referrals_add_holders1,
                referrals.referrals_code_holders,
                referrals.referrals_remove_holder1,
                [friends, code],
            ),
        ]
        for add, holders, remove, words in ways:
            source_id = fresh("cid")
            asked = {"holders": [{"source_id": source_id, "name": "Cid"}], "metadata": {"by": "mail"}}
            (holder,) = add(*words, body=asked).holders
            self.assertRegex(holder.id, "^rh_")
            customer = client.customers.get_customer(source_id)
            self.holds(holder, {"holder_role": "REFEREE", "customer_id": customer.id, "metadata": {"by": "mail"}})
            self.holds(holder, {"campaign_id": friends, "campaign_type": "REFERRAL_PROGRAM"})
            self.refused(409, "holder_assignement_duplication", add, *words, body=asked)
            listed = holders(*words, limit=10)
            self.holds(listed, {"object": "list", "data_ref": "data", "has_more": False})
            self.assertEqual([row.holder_role for row in listed.data if row.id == holder.id], ["REFEREE"])
            (referrer,) = [row.id for row in listed.data if row.holder_role == "REFERRER"]
            self.refused(403, "forbidden", remove, *words, referrer)
            remove(*words, holder.id)
            self.assertNotIn(holder.id, [row.id for row in holders(*words).data])
