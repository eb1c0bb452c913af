//! Every file of `stories/`, for whoever plays them.

/// A test of its own name for each story, which hands the file's name to `play`; and `LISTED`, the
/// names of all.
#[macro_export]
macro_rules! stories {
    ($play:ident) => {
        $crate::stories! { $play:
            story_01_first_offer: "01-first-offer.story",
            story_02_the_budget_runs_out: "02-the-budget-runs-out.story",
            story_03_stacking: "03-stacking.story",
            story_04_refund_after_return: "04-refund-after-return.story",
            story_05_gift_balance_and_breakage: "05-gift-balance-and-breakage.story",
            story_06_the_holdout_sees_nothing: "06-the-holdout-sees-nothing.story",
            story_07_cart_rescue_starts_with_shipping: "07-cart-rescue-starts-with-shipping.story",
            story_08_win_back_stops_on_conversion: "08-win-back-stops-on-conversion.story",
            story_09_vip_without_discounts: "09-vip-without-discounts.story",
            story_10_replenishment_assist: "10-replenishment-assist.story",
            story_11_category_nudge: "11-category-nudge.story",
            story_12_first_to_second_purchase: "12-first-to-second-purchase.story",
            story_13_no_consent_no_offer: "13-no-consent-no-offer.story",
            story_14_one_use_and_a_retry: "14-one-use-and-a-retry.story",
            story_15_a_lost_race_gives_nothing: "15-a-lost-race-gives-nothing.story",
            story_16_the_margin_floor_bars: "16-the-margin-floor-bars.story",
            story_17_what_an_offer_earned: "17-what-an-offer-earned.story",
            story_18_nobody_mid_return: "18-nobody-mid-return.story",
            story_19_benefits_of_every_kind: "19-benefits-of-every-kind.story",
            story_20_amounts_line_by_line: "20-amounts-line-by-line.story",
            story_21_units_that_join: "21-units-that-join.story",
            story_22_counted_for_each_order: "22-counted-for-each-order.story",
            story_23_the_best_of_what_there_is: "23-the-best-of-what-there-is.story",
            story_24_a_promotion_lived: "24-a-promotion-lived.story",
            story_25_a_share_of_what_is_left: "25-a-share-of-what-is-left.story",
            story_26_no_more_than_this: "26-no-more-than-this.story",
            story_27_shipping_for_nothing: "27-shipping-for-nothing.story",
            story_28_a_mug_in_the_box: "28-a-mug-in-the-box.story",
            story_29_ten_off_the_order: "29-ten-off-the-order.story",
            story_30_ten_off_in_six_ways: "30-ten-off-in-six-ways.story",
            story_31_shared_out_to_the_units: "31-shared-out-to-the-units.story",
            story_32_two_more_in_the_box: "32-two-more-in-the-box.story",
            story_33_one_more_of_each: "33-one-more-of-each.story",
            story_34_a_box_of_several: "34-a-box-of-several.story",
            story_35_a_mug_and_a_bowl_once: "35-a-mug-and-a-bowl-once.story",
            story_36_a_better_shirt_instead: "36-a-better-shirt-instead.story",
            story_37_three_mugs_instead: "37-three-mugs-instead.story",
            story_38_a_card_for_the_kitchen: "38-a-card-for-the-kitchen.story",
            story_39_a_card_after_a_discount: "39-a-card-after-a-discount.story",
            story_40_the_basket_for_fifty: "40-the-basket-for-fifty.story",
            story_41_points_that_pay: "41-points-that-pay.story",
            story_42_points_after_a_discount: "42-points-after-a-discount.story",
            story_43_a_club_with_a_mug: "43-a-club-with-a-mug.story",
            story_44_a_friend_is_brought_along: "44-a-friend-is-brought-along.story",
            story_45_a_code_of_their_own: "45-a-code-of-their-own.story",
            story_46_a_validation_leaves_nothing: "46-a-validation-leaves-nothing.story",
            story_47_what_a_redemption_does: "47-what-a-redemption-does.story",
            story_48_a_failure_is_kept: "48-a-failure-is-kept.story",
            story_49_taken_back_as_a_whole: "49-taken-back-as-a-whole.story",
            story_50_two_codes_one_after_the_other: "50-two-codes-one-after-the-other.story",
            story_51_two_at_one_order: "51-two-at-one-order.story",
            story_52_a_part_stays_with_the_whole: "52-a-part-stays-with-the-whole.story",
        }
    };
    ($play:ident: $($name:ident: $file:literal,)*) => {
        const LISTED: &[&str] = &[$($file),*];
        $(
            #[test]
            fn $name() {
                $play($file);
            }
        )*
    };
}
