//! Whose redemption or rollback is it? With it only the customer's id is kept; who that is now is
//! told when it is shown, to a key that may know.

use std::collections::BTreeMap;

use serde_json::Value;
use store::ProjectId;
use wire::voucherify::SimpleCustomer;

use super::views::json;
use crate::{
    api::{customers, resources::At},
    app::App,
    auth::{Caller, Needs, Scope},
    once::Answer,
    people::People,
    problem::Refused,
};

/// Who looks at redemptions.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    app: &'a App,
    project: ProjectId,
    /// May read more of a customer than how they are called.
    knows: bool,
}

/// Tells in each redemption who its customer is, to somebody who may know it or not.
///
/// # Errors
/// When the store cannot be read.
pub async fn tell(
    (at, knows): (At<'_>, bool),
    redemptions: impl IntoIterator<Item = &mut Value>,
) -> Result<(), Refused> {
    let reader = Reader {
        app: at.app,
        project: at.project,
        knows,
    };
    reader.tell(redemptions).await
}

impl<'a> Reader<'a> {
    #[must_use]
    pub fn of<S: Needs>(app: &'a App, caller: &Caller<S>) -> Self {
        Self {
            app,
            project: caller.project,
            knows: caller.may(Scope::CustomersRead),
        }
    }

    /// Tells in each redemption or rollback who its customer is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tell(
        self,
        redemptions: impl IntoIterator<Item = &mut Value>,
    ) -> Result<(), Refused> {
        let mut people = People::open(self.app, self.project)?;
        let mut met: BTreeMap<String, Value> = BTreeMap::new();
        for redemption in redemptions {
            let id = redemption.get("customer_id").and_then(Value::as_str);
            let Some(id) = id.map(str::to_owned) else {
                continue;
            };
            let customer = match met.get(&id) {
                Some(customer) => customer.clone(),
                None => json(&self.customer(&mut people, &id).await?)?,
            };
            if let Some(redemption) = redemption.as_object_mut() {
                redemption.insert("customer".into(), customer.clone());
            }
            met.insert(id, customer);
        }
        Ok(())
    }

    /// The answer to a redemption or a rollback, which is kept as they are.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn tell_answer(self, answer: Answer) -> Result<Answer, Refused> {
        let mut body: Value = answer.view()?;
        let redemptions = within(&mut body);
        if redemptions.is_empty() {
            return Ok(answer);
        }
        self.tell(redemptions).await?;
        answer.showing(&body)
    }

    /// A customer as far as the reader may know; one who was erased is no more than an id.
    async fn customer(self, people: &mut People<'_>, id: &str) -> Result<SimpleCustomer, Refused> {
        let found = people.named(id).await?;
        let person = found.and_then(|found| people.person(found));
        let known = person.filter(|_| self.knows);
        let said = known.map(customers::said).transpose()?.unwrap_or_default();
        Ok(SimpleCustomer {
            id: id.to_owned(),
            name: said.name,
            email: said.email,
            source_id: person.and_then(|person| person.source_id.clone()),
            metadata: said.metadata.unwrap_or_default(),
            object: "customer",
        })
    }
}

/// The redemptions and rollbacks of an answer.
fn within(body: &mut Value) -> Vec<&mut Value> {
    let object = body.get("object").and_then(Value::as_str);
    if object == Some("redemption_rollback") {
        return vec![body];
    }
    let mut all: Vec<&mut Value> = Vec::new();
    for (name, member) in body.as_object_mut().into_iter().flatten() {
        match (name.as_str(), member) {
            ("redemptions" | "rollbacks", Value::Array(rows)) => all.extend(rows),
            ("parent_redemption" | "parent_rollback", parent) => all.push(parent),
            _ => {}
        }
    }
    all
}
