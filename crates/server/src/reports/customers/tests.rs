//! What does it cost to ask about many?

use store::{Store, Write};

use super::*;
use crate::{
    app::App,
    ids::Ids,
    setup::{SANDBOX, writes},
};

/// A customer under whose number one thing stands in each index that is walked.
fn customer(number: u64) -> (Person, Vec<Write>) {
    let indexes = [
        Index::ActivityOfCustomer,
        Index::VouchersOfCustomer,
        Index::HoldersOfCustomer,
    ];
    let link = |index| Write::Link {
        index,
        key: key(number),
        id: number,
    };
    let put = Write::Put {
        kind: Kind::Rollback,
        id: number,
        body: b"{}".to_vec(),
    };
    let person = Person {
        id: CustomerId(number),
        ..Person::default()
    };
    (person, indexes.map(link).into_iter().chain([put]).collect())
}

#[tokio::test]
async fn many_cost_no_more_questions_than_one() {
    let app = App::start(Store::memory(), None, Ids::fresh()).await;
    let app = app.unwrap();
    let (persons, kept): (Vec<Person>, Vec<Vec<Write>>) = (1..=200).map(customer).unzip();
    let kept = kept.into_iter().flatten().collect();
    app.store().submit(writes(SANDBOX, kept)).await.unwrap();
    let compiled = app.compiled(SANDBOX).await.unwrap();
    let at = At {
        app: &app,
        project: SANDBOX,
        now: 0,
    };
    let asked = async |persons: &[Person]| {
        let mut view = app.store().view(SANDBOX).unwrap();
        let all = came_to(at, (&mut view, &compiled), persons).await.unwrap();
        let each = all.values().map(|one| &one.summary.redemptions);
        assert_eq!(
            each.map(|all| all.total_rollback_succeeded).sum::<u64>(),
            persons.len() as u64
        );
        view.asked()
    };
    assert_eq!(asked(&persons).await, asked(&persons[..1]).await);
}
