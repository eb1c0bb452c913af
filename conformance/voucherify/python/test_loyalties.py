"""A loyalty programme lived through: what earns points, who holds a card, and what points buy."""

from shop import Case, client, fresh, gone, order, voucher

loyalties, rewards = client.loyalties, client.rewards

PER_EURO = {
    "event": "order.paid",
    "loyalty": {
        "type": "PROPORTIONAL",
        "calculation_type": "ORDER_AMOUNT",
        "order": {"amount": {"every": 100, "points": 1}},
    },
    "source": {"banner": "A point for each euro"},
}


def programme(points=0):
    """A programme whose cards begin with so many points."""
    return loyalties.create_loyalty_program(
        body={
            "name": fresh("club"),
            "voucher": {
                "type": "LOYALTY_CARD",
                "loyalty_card": {"points": points},
                "code_config": {"pattern": "CLUB-########"},
            },
        }
    )


def member(club):
    """A card of a programme, and its customer's source_id."""
    source_id = fresh("ann")
    card = loyalties.add_member(club.id, body={"customer": {"source_id": source_id, "name": "Ann"}})
    return card, source_id


def mug(**more):
    # The client has no word for the type: the parameters tell it.
    body = {"name": fresh("Mug"), "parameters": {"product": {"id": "prod_mug"}}, **more}
    return rewards.create_reward(body=body)


def pay(source_id, price):
    body = order(("mug", 1, price)) | {"status": "PAID", "customer": {"source_id": source_id}}
    return client.orders.create_order(body=body)


def balance(card):
    return loyalties.get_member(card.code).loyalty_card.balance


class Programmes(Case):
    def test_are_made_read_changed_listed_removed(self):
        made = programme(50)
        self.assertRegex(made.id, "^camp_")
        self.holds(made, {"campaign_type": "LOYALTY_PROGRAM", "type": "AUTO_UPDATE", "object": "campaign"})
        self.holds(made, {"active": True, "voucher": {"loyalty_card": {"points": 50}}})
        self.holds(loyalties.get_loyalty_program(made.id), {"id": made.id, "name": made.name})
        changed = loyalties.update_loyalty_program(made.id, body={"description": "For all", "metadata": {"team": "north"}})
        self.holds(changed, {"id": made.id, "description": "For all", "metadata": {"team": "north"}})
        listed = loyalties.list_loyalty_programs(limit=100)
        self.holds(listed, {"object": "list", "data_ref": "campaigns"})
        self.assertIn(made.id, [campaign.id for campaign in listed.campaigns])
        removed = loyalties.delete_loyalty_program(made.id, force=True)
        self.assertRegex(removed.async_action_id, "^aa_")
        gone(self, loyalties.get_loyalty_program, made.id)

    def test_tell_what_happened_on_a_card(self):
        club = programme(50)
        card, _ = member(club)
        loyalties.update_loyalty_card_balance(card.code, body={"points": -20})
        kind = "customer.voucher.loyalty_card.points_added"
        for told in (
            loyalties.list_member_activity(card.code, limit=2),
            loyalties.list_member_activity1(club.id, card.code, limit=2),
        ):
            self.assertEqual([one.type for one in told.data], [kind, kind])

    def test_earn_by_rules_that_are_made_read_switched_changed_listed_removed(self):
        club = programme()
        made = loyalties.create_earning_rule(
            club.id,
            body=[
                PER_EURO,
                {
                    "event": "newsletter_joined",
                    "loyalty": {"type": "FIXED", "points": 30},
                    "source": {"banner": "Thanks"},
                },
            ],
        )
        proportional, fixed = made
        self.assertRegex(proportional.id, "^ern_")
        self.holds(proportional, {"event": "order.paid", "loyalty": PER_EURO["loyalty"], "object": "earning_rule"})
        self.holds(proportional, {"active": True, "source": {"object_id": club.id, "object_type": "campaign"}})
        self.holds(fixed, {"event": "newsletter_joined", "loyalty": {"type": "FIXED", "points": 30}})
        self.holds(loyalties.get_earning_rule(club.id, fixed.id), {"id": fixed.id, "loyalty": {"points": 30}})
        changed = loyalties.update_earning_rule(
            club.id, fixed.id, body={"loyalty": {"type": "FIXED", "points": 40}, "source": {"banner": "Thank you"}}
        )
        self.holds(changed, {"id": fixed.id, "loyalty": {"points": 40}, "source": {"banner": "Thank you"}})
        listed = loyalties.list_earning_rules(club.id, limit=10)
        self.holds(listed, {"object": "list", "data_ref": "data", "total": 2})
        self.assertEqual({rule.id for rule in listed.data}, {proportional.id, fixed.id})

        card, source_id = member(club)

        def join():
            return client.events.track_custom_event(
                body={"event": "newsletter_joined", "customer": {"source_id": source_id}}
            )

        self.holds(join(), {"object": "event", "type": "newsletter_joined", "customer": {"object": "customer"}})
        self.assertEqual(balance(card), 40)
        self.holds(loyalties.disable_earning_rule(club.id, fixed.id), {"id": fixed.id, "active": False})
        join()
        self.assertEqual(balance(card), 40)
        self.holds(loyalties.enable_earning_rule(club.id, fixed.id), {"id": fixed.id, "active": True})
        pay(source_id, 3750)
        self.assertEqual(balance(card), 77)
        loyalties.delete_earning_rule(club.id, fixed.id)
        self.refused(404, "not_found", loyalties.get_earning_rule, club.id, fixed.id)

    def test_give_each_member_a_card_and_points_on_it(self):
        club = programme(10)
        card, source_id = member(club)
        self.assertRegex(card.code, "^CLUB-.{8}$")
        holder = client.customers.get_customer(source_id).id
        self.holds(card, {"campaign": club.name, "campaign_id": club.id, "type": "LOYALTY_CARD", "holder_id": holder})
        self.holds(card, {"loyalty_card": {"points": 10, "balance": 10}})
        self.holds(loyalties.get_member1(club.id, card.code), {"id": card.id, "loyalty_card": {"balance": 10}})
        self.holds(loyalties.get_member(card.code), {"id": card.id})
        listed = loyalties.list_members(club.id, limit=10)
        self.holds(listed, {"object": "list", "data_ref": "vouchers", "total": 1, "vouchers": [{"id": card.id}]})
        added = loyalties.update_loyalty_card_balance1(club.id, card.code, body={"points": 120})
        self.holds(added, {"points": 120, "total": 130, "balance": 130, "type": "loyalty_card", "object": "balance"})
        self.holds(added, {"related_object": {"type": "voucher", "id": card.id}})
        source = fresh("change")
        taken = loyalties.update_loyalty_card_balance(
            card.code, body={"points": -30, "reason": "typed wrong", "source_id": source}
        )
        self.holds(taken, {"points": -30, "balance": 100, "operation_type": "MANUAL"})
        take = loyalties.update_loyalty_card_balance
        self.refused(400, "loyalty_card_points_exceeded", take, card.code, body={"points": -101})
        ways = [
            (loyalties.list_loyalty_card_transactions, [card.code]),
            (loyalties.list_loyalty_card_transactions1, [club.id, card.code]),
        ]
        for ask, words in ways:
            rows = ask(*words, limit=10)
            self.holds(rows, {"object": "list", "data_ref": "data", "has_more": False})
            (removal,) = [row for row in rows.data if row.type == "POINTS_REMOVAL"]
            self.assertRegex(removal.id, "^vtx_")
            self.holds(removal, {"voucher_id": card.id, "campaign_id": club.id, "source_id": source})
            self.holds(removal, {"reason": "typed wrong", "details": {"balance": {"points": -30, "balance": 100}}})
            added = [row.details.balance.points for row in rows.data if row.type == "POINTS_ADDITION"]
            self.assertIn(120, added)

    def test_have_tiers_which_a_card_climbs(self):
        club = programme()
        (rule,) = loyalties.create_earning_rule(club.id, body=[PER_EURO])
        sent = [
            {"name": "Silver", "points": {"from": 0, "to": 99}},
            {
                "name": "Gold",
                "points": {"from": 100, "to": 1000},
                "earning_rules": {rule.id: {"type": "MULTIPLY", "multiplier": 2}},
                "metadata": {"colour": "yellow"},
            },
        ]
        silver, gold = loyalties.create_in_bulk_loyalty_tiers(club.id, body=sent)
        self.assertRegex(gold.id, "^ltr_")
        self.holds(gold, {"name": "Gold", "points": {"from": 100, "to": 1000}, "campaign_id": club.id})
        self.holds(gold, {"metadata": {"colour": "yellow"}, "object": "loyalty_tier"})
        read = loyalties.get_loyalty_tier(club.id, silver.id)
        self.holds(read, {"id": silver.id, "name": "Silver", "points": {"from": 0, "to": 99}})
        listed = loyalties.list_loyalty_tiers(club.id)
        self.holds(listed, {"object": "list", "data_ref": "data", "total": 2})
        self.assertEqual({tier.id for tier in listed.data}, {silver.id, gold.id})

        card, source_id = member(club)
        for earned, name in [(0, "Silver"), (100, "Gold"), (300, "Gold")]:
            if earned:
                pay(source_id, 10_000)
            self.assertEqual(balance(card), earned)
            self.assertEqual([tier.name for tier in loyalties.list_member_loyalty_tier(card.code).data], [name])

    def test_sell_rewards_for_points(self):
        club, reward = programme(), mug(stock=2)
        card, _ = member(club)
        loyalties.update_loyalty_card_balance(card.code, body={"points": 200})
        price = {"parameters": {"loyalty": {"points": 300}}}
        offered = rewards.create_reward_assignment(reward.id, body={"campaign": club.id, **price})
        self.assertRegex(offered.id, "^rewa_")
        self.holds(offered, {"reward_id": reward.id, "related_object_id": club.id, "object": "reward_assignment", **price})
        for ask in [loyalties.list_reward_assignments1, loyalties.list_reward_assignments2]:
            self.holds(ask(club.id), {"total": 1, "data_ref": "data", "data": [{"id": offered.id}]})
        for ask in [loyalties.get_reward_assignment1, loyalties.get_reward_assignment2]:
            self.holds(ask(club.id, offered.id), {"id": offered.id, "reward_id": reward.id})
        self.holds(loyalties.get_reward_details(club.id, offered.id), {"id": reward.id, "name": reward.name})
        buying = {"reward": {"id": reward.id}}
        buy = loyalties.redeem_reward
        self.refused(400, "loyalty_card_points_exceeded", buy, card.code, body=buying)
        self.holds(loyalties.list_member_rewards(card.code, affordable_only=True), {"total": 0, "data": []})
        cheaper = {"parameters": {"loyalty": {"points": 90}}}
        changed = loyalties.update_reward_assignment1(club.id, offered.id, body=cheaper)
        self.holds(changed, {"id": offered.id, **cheaper})
        found = loyalties.list_member_rewards(card.code, affordable_only=True)
        self.holds(found, {"data": [{"reward": {"id": reward.id}, "assignment": {"id": offered.id}}]})
        bought = buy(card.code, body=buying)
        self.assertRegex(bought.id, "^r_")
        self.holds(bought, {"object": "redemption", "result": "SUCCESS", "amount": 90})
        self.holds(bought, {"reward": {"id": reward.id, "type": "MATERIAL", "assignment_id": offered.id}})
        self.holds(bought, {"voucher": {"code": card.code, "loyalty_card": {"balance": 110}}})
        again = loyalties.redeem_reward1(club.id, card.code, body=buying)
        self.holds(again, {"result": "SUCCESS", "voucher": {"loyalty_card": {"balance": 20}}})
        self.holds(rewards.get_reward(reward.id), {"stock": 2, "redeemed": 2})
        undone = client.redemptions.rollback_redemption(again.id)
        self.holds(undone, {"result": "SUCCESS", "amount": -90})
        self.assertEqual(balance(card), 110)
        loyalties.delete_reward_assignment1(club.id, offered.id)
        self.holds(loyalties.list_reward_assignments1(club.id), {"total": 0, "data": []})

    def test_pay_for_a_part_of_an_order(self):
        club = programme()
        coin = {"coin": {"exchange_ratio": 1, "points_ratio": "2"}}
        coin = rewards.create_reward(body={"name": fresh("Off"), "parameters": coin})
        self.holds(coin, {"type": "COIN", "parameters": {"coin": {"exchange_ratio": 1, "points_ratio": 2}}})
        rewards.create_reward_assignment(coin.id, body={"campaign": club.id})
        card, source_id = member(club)
        loyalties.update_loyalty_card_balance(card.code, body={"points": 500})
        used = client.redemptions.redeem_stacked_discounts(
            body={
                "redeemables": [voucher(card.code, reward={"id": coin.id, "points": 400})],
                "order": order(("mug", 1, 1250)),
                "customer": {"source_id": source_id},
            }
        )
        self.holds(used, {"redemptions": [{"amount": 400, "loyalty_card": {"points": 400}}]})
        self.holds(used.redemptions[0], {"reward": {"id": coin.id, "type": "COIN"}})
        self.holds(used, {"order": {"amount": 1250, "total_discount_amount": 200, "total_amount": 1050}})
        self.assertEqual(balance(card), 100)


class Rewards(Case):
    def test_are_made_read_changed_listed_removed(self):
        made = mug(stock=3, attributes={"description": "blue"})
        self.assertRegex(made.id, "^rew_")
        self.holds(made, {"type": "MATERIAL", "stock": 3, "redeemed": 0, "object": "reward"})
        self.holds(made, {"attributes": {"description": "blue"}, "parameters": {"product": {"id": "prod_mug"}}})
        self.holds(rewards.get_reward(made.id), {"id": made.id, "name": made.name})
        changed = rewards.update_reward(made.id, body={"name": "Big mug", "stock": 5})
        self.holds(changed, {"id": made.id, "name": "Big mug", "stock": 5, "attributes": {"description": "blue"}})
        listed = rewards.list_rewards(limit=100)
        self.holds(listed, {"object": "list", "data_ref": "data"})
        self.assertIn((made.id, "Big mug"), [(one.id, one.name) for one in listed.data])
        rewards.delete_reward(made.id)
        self.refused(404, "not_found", rewards.get_reward, made.id)

    def test_are_offered_in_a_programme_and_withdrawn(self):
        club, reward = programme(), mug()
        price = {"parameters": {"loyalty": {"points": 150}}}
        made = rewards.create_reward_assignment(reward.id, body={"campaign": club.id, **price})
        self.holds(made, {"reward_id": reward.id, "related_object_id": club.id, "related_object_type": "campaign", **price})
        self.holds(rewards.get_reward_assignment(reward.id, made.id), {"id": made.id, **price})
        self.holds(rewards.list_reward_assignments(reward.id), {"object": "list", "total": 1, "data": [{"id": made.id}]})
        cheaper = {"parameters": {"loyalty": {"points": 90}}}
        changed = rewards.update_reward_assignment(reward.id, made.id, body={"campaign": club.id, **cheaper})
        self.holds(changed, {"id": made.id, **cheaper})
        rewards.delete_reward_assignment(reward.id, made.id)
        self.refused(404, "not_found", rewards.get_reward_assignment, reward.id, made.id)
