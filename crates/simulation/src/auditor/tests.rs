//! What does the auditor notice? One planted wrong in each row.

use super::*;
use crate::workload::{FIRST_LOAD, GRANTED, name};

fn command(key: &str, act: Act) -> Command {
    Command {
        key: key.into(),
        act,
    }
}

fn redeem(key: &str, shopper: u32, code: &str) -> Command {
    let act = Act::Redeem {
        shopper,
        code: code.into(),
        order: format!("o-{key}"),
    };
    command(key, act)
}

fn redeemed(id: &str) -> Answer {
    Answer::Redeemed {
        id: id.into(),
        amount: 100,
    }
}

/// Ten uses of one code acknowledged, the eleventh refused, the twelfth unknown, the thirteenth
/// rolled back; a card that was loaded twice, once unheard, and paid with; a grant.
fn heard() -> Auditor {
    let market = Market::new(600);
    let mut auditor = Auditor::new(market);
    for n in 0..9 {
        let command = redeem(&format!("k{n}"), n, "USES-0");
        auditor.heard(&command, &redeemed(&format!("r{n}")));
    }
    let refused = Answer::Refused {
        code: "used_up_campaign".into(),
    };
    auditor.heard(&redeem("no", 3, "USES-1"), &refused);
    auditor.heard(&redeem("maybe", 4, "USES-0"), &Answer::Unknown);
    auditor.heard(&redeem("back", 5, "USES-0"), &redeemed("r-back"));
    let roll_back = Act::RollBack {
        redemption: "r-back".into(),
    };
    let rolled_back = Answer::RolledBack { id: "rr".into() };
    auditor.heard(&command("undo", roll_back), &rolled_back);
    let load = |amount| Act::Load {
        card: "GIFT-0".into(),
        amount,
    };
    auditor.heard(
        &command("load", load(300)),
        &Answer::Loaded { balance: 2_300 },
    );
    auditor.heard(&command("load?", load(70)), &Answer::Unknown);
    let decide = command("ask", Act::Decide { shopper: 1 });
    auditor.heard(&decide, &Answer::Granted { code: "G1".into() });
    auditor
}

fn listed(id: &str, key: &str, shopper: u32) -> Redemption {
    Redemption {
        id: id.into(),
        order: format!("o-{key}"),
        shopper: name(shopper),
        code: "USES-0".into(),
        amount: 100,
        is_rolled_back: false,
    }
}

/// What an honest server says; the unknown redemption happened, the unknown load did not.
fn honest() -> Seen {
    let mut seen = Seen::default();
    for n in 0..9 {
        let one = listed(&format!("r{n}"), &format!("k{n}"), n);
        seen.redemptions.push(one);
    }
    seen.redemptions.push(listed("r-maybe", "maybe", 4));
    seen.redemptions.push(Redemption {
        is_rolled_back: true,
        ..listed("r-back", "back", 5)
    });
    for campaign in &Market::new(600).campaigns {
        let name = campaign.name.to_owned();
        for code in &campaign.codes {
            let uses = if code == "USES-0" { 10 } else { 0 };
            let campaign = name.clone();
            seen.codes.insert(code.clone(), Code { campaign, uses });
        }
        let discount = if name == "uses" { 1_000 } else { 0 };
        seen.discounts.insert(name, discount);
    }
    let granted = Code {
        campaign: GRANTED.into(),
        uses: 0,
    };
    seen.codes.insert("G1".into(), granted);
    for card in Market::new(600).cards {
        let more = if card == "GIFT-0" { 300 } else { 0 };
        seen.balances.insert(card, FIRST_LOAD + more);
    }
    seen
}

fn findings(plant: impl FnOnce(&mut Seen)) -> Vec<String> {
    let mut seen = honest();
    plant(&mut seen);
    heard().compare(&[seen])
}

/// One of the findings says this.
fn check(plant: impl FnOnce(&mut Seen), expected: &str) {
    let findings = findings(plant);
    let is_told = findings.iter().any(|finding| finding.contains(expected));
    assert!(is_told, "{expected}: {findings:?}");
}

#[test]
fn an_honest_server_is_not_accused() {
    assert_eq!(findings(|_| ()), Vec::<String>::new());
    // The unknown redemption did not happen, the unknown load did.
    let otherwise = findings(|seen| {
        seen.redemptions.retain(|one| one.id != "r-maybe");
        seen.codes.get_mut("USES-0").unwrap().uses -= 1;
        *seen.discounts.get_mut("uses").unwrap() -= 100;
        *seen.balances.get_mut("GIFT-0").unwrap() += 70;
    });
    assert_eq!(otherwise, Vec::<String>::new());
}

#[test]
fn planted_wrong_redemptions_are_found() {
    check(
        |seen| seen.redemptions.retain(|one| one.id != "r3"),
        "k3 was acknowledged as r3, which is lost",
    );
    check(
        |seen| seen.redemptions.push(listed("r-twice", "k3", 3)),
        "order o-k3 counts twice: r3 and r-twice",
    );
    check(
        |seen| seen.redemptions.push(listed("r-maybe-2", "maybe", 4)),
        "order o-maybe counts twice",
    );
    check(
        |seen| seen.redemptions.push(listed("r-no", "no", 3)),
        "no was answered Some(Refused { code: \"used_up_campaign\" }), and r-no stands",
    );
    check(
        |seen| seen.redemptions.push(listed("r-x", "x", 3)),
        "r-x on order o-x was asked by nobody",
    );
    check(
        |seen| seen.redemptions[0].amount = 99,
        "k0: r0 was told as 100 and stands as 99",
    );
    check(
        |seen| seen.redemptions[0].shopper = name(7),
        "k0: r0 uses USES-0 for shopper-7",
    );
    check(
        |seen| seen.redemptions[10].is_rolled_back = false,
        "undo rolled r-back back as rr, and r-back stands",
    );
    check(
        |seen| seen.redemptions[0].is_rolled_back = true,
        "r0 is rolled back; asked by nobody",
    );
}

#[test]
fn planted_wrong_sums_are_found() {
    check(
        |seen| seen.codes.get_mut("USES-0").unwrap().uses += 1,
        "USES-0 shows 11 uses, and 10 stand",
    );
    check(
        |seen| *seen.discounts.get_mut("uses").unwrap() += 1,
        "the books of uses say Some(1001) was taken off, and 1000 stands",
    );
    // One cent off; the unknown load twice; another's load.
    for wrong in [1, 140, 300] {
        check(
            |seen| *seen.balances.get_mut("GIFT-0").unwrap() += wrong,
            "card GIFT-0 holds",
        );
    }
    check(
        |seen| drop(seen.codes.remove("G1")),
        "ask was granted G1, which is lost",
    );
    check(
        |seen| {
            let granted = seen.codes["G1"].clone();
            seen.codes.insert("G2".into(), granted);
        },
        "2 codes were granted: 1 were heard of, and of 0 nobody knows",
    );
}

#[test]
fn a_limit_passed_by_one_is_found() {
    let mut auditor = heard();
    let second = redeem("one-more", 6, "USES-0");
    auditor.heard(&second, &redeemed("r-one-more"));
    let mut seen = honest();
    seen.redemptions.push(listed("r-one-more", "one-more", 6));
    seen.codes.get_mut("USES-0").unwrap().uses = 11;
    *seen.discounts.get_mut("uses").unwrap() = 1_100;
    assert_eq!(
        auditor.compare(&[seen]),
        ["uses: 11 uses stand, and 10 is the limit"]
    );
}

#[test]
fn processes_that_disagree_are_found() {
    let mut other = honest();
    *other.balances.get_mut("GIFT-1").unwrap() -= 1;
    other.redemptions.swap(0, 1);
    assert_eq!(
        heard().compare(&[honest(), honest(), other]),
        ["of GIFT-1 process 0 says Some(2000) and process 2 says Some(1999)"]
    );
}

#[test]
fn a_retry_that_is_answered_otherwise_is_found() {
    let mut auditor = heard();
    let again = redeem("k3", 3, "USES-0");
    auditor.heard(&again, &Answer::Unknown);
    auditor.heard(&again, &Answer::Busy);
    auditor.heard(&again, &redeemed("r3"));
    assert_eq!(auditor.compare(&[honest()]), Vec::<String>::new());
    auditor.heard(&again, &redeemed("r4"));
    let findings = auditor.compare(&[honest()]);
    assert!(findings[0].starts_with("k3 was answered"), "{findings:?}");
}

#[test]
fn a_refusal_that_no_limit_explains_is_found() {
    let mut auditor = heard();
    let refused = Answer::Refused {
        code: "not_found".into(),
    };
    auditor.heard(&redeem("gone", 3, "USES-1"), &refused);
    let findings = auditor.compare(&[honest()]);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("gone was refused with not_found"));
}

#[test]
fn tallies_add_up() {
    let expected = Tally {
        commands: 16,
        done: 13,
        refused: 1,
        unknown: 2,
    };
    assert_eq!(heard().tally(), expected);
    let open: Vec<String> = heard().unknown().into_iter().map(|one| one.key).collect();
    assert_eq!(open, ["load?", "maybe"]);
}
