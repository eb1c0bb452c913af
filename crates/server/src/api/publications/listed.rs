//! Which publications are listed, and how is one shown?

use wire::voucherify::Metadata;

use super::*;
use crate::api::{dialect::page_of, resources::scan_records};

/// A publication without what has to be read beside it.
///
/// # Errors
/// When what is kept cannot be read.
pub fn bare(of: &Publication) -> Result<PublicationView, Refused> {
    let metadata: Option<Metadata> = of.metadata.read()?;
    let (failure_code, failure_message) = of.failure.clone().unzip();
    let numbers = of.vouchers.iter();
    let codes = of.vouchers.iter().map(|(_, code)| code.clone());
    let is_several = of.vouchers.len() > 1;
    Ok(PublicationView {
        id: ids::format(Tag::Publication, of.id),
        object: "publication",
        created_at: of.created_at,
        customer_id: of.customer.map(|id| ids::format(Tag::Customer, id)),
        tracking_id: None,
        metadata: metadata.unwrap_or_default(),
        channel: of.channel.clone(),
        source_id: of.source_id.clone(),
        result: match of.failure {
            None => PublicationResult::Success,
            Some(_) => PublicationResult::Failure,
        },
        customer: None,
        vouchers_id: numbers
            .map(|(id, _)| ids::format(Tag::Voucher, *id))
            .collect(),
        voucher: None,
        vouchers: is_several.then(|| codes.collect()),
        failure_code,
        failure_message,
    })
}

/// A publication with its customer and, where it is one, its code as it is now.
///
/// # Errors
/// When the store cannot be read.
pub async fn shown(
    at: At<'_>,
    compiled: &Compiled,
    (of, customer): (&Publication, Option<CustomerView>),
) -> Result<PublicationView, Refused> {
    let mut view = bare(of)?;
    view.customer = customer;
    if let [(id, _)] = of.vouchers.as_slice() {
        let record = at.app.store().get(at.project, Kind::Voucher, *id).await?;
        if let Some(record) = record {
            let issued = read(&record.body)?;
            let voucher = vouchers::view(at.app, (at.project, compiled), (&issued, at.now)).await;
            view.voucher = voucher.ok();
        }
    }
    Ok(view)
}

/// What a list is asked for.
#[derive(Default)]
struct Wanted {
    /// Each a test that must hold.
    tests: Vec<(Field, Vec<String>)>,
    /// All numbers of the customers that are named.
    customers: Vec<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Campaign,
    Customer,
    Voucher,
    Result,
    VoucherType,
    Refers,
    Source,
    Failure,
}

/// What a field is called as a parameter and in `filters`.
const FIELDS: [(&str, Field); 13] = [
    ("campaign", Field::Campaign),
    ("campaign_name", Field::Campaign),
    ("parent_object_id", Field::Campaign),
    ("customer", Field::Customer),
    ("customer_id", Field::Customer),
    ("voucher", Field::Voucher),
    ("related_object_id", Field::Voucher),
    ("result", Field::Result),
    ("voucher_type", Field::VoucherType),
    ("is_referral_code", Field::Refers),
    ("source_id", Field::Source),
    ("failure_code", Field::Failure),
    ("voucher_code", Field::Voucher),
];

/// # Errors
/// When the query cannot be read, or the store fails.
pub async fn list(at: At<'_>, asked: &Asked) -> Result<Answer, Refused> {
    let paging = asked.paging()?;
    let wanted = Wanted::of(at, asked).await?;
    let (records, total) = if wanted.tests.is_empty() {
        page_of(at.app, at.project, (Kind::Publication, paging)).await?
    } else {
        let picked = scan_records(at, Kind::Publication, |record| {
            let one: Publication = versioned::read(&record.body)?;
            Ok(wanted.takes(&one).then_some(record.id))
        });
        let mut picked = picked.await?;
        let total = picked.len() as u64;
        picked.reverse();
        let page = paging.cut(picked);
        let found = at
            .app
            .store()
            .get_many(at.project, Kind::Publication, &page);
        (found.await?.into_iter().flatten().collect(), total)
    };
    let compiled = at.app.compiled(at.project).await?;
    let read = records.iter().map(|record| versioned::read(&record.body));
    let page: Vec<Publication> = read.collect::<Result<_, _>>()?;
    let given_to: Vec<u64> = page.iter().filter_map(|one| one.customer).collect();
    // Who was erased since is nobody.
    let customers = customers::numbered(at, &compiled, &given_to).await?;
    let mut rows = Vec::new();
    for one in page {
        let customer = one.customer.and_then(|number| customers.get(&number));
        rows.push(shown(at, &compiled, (&one, customer.cloned())).await?);
    }
    Answer::ok(&List::page("publications", rows, total))
}

impl Wanted {
    async fn of(at: At<'_>, asked: &Asked) -> Result<Self, Refused> {
        let mut wanted = Self::default();
        for (name, field) in FIELDS {
            let plain = asked.get(name).map(|value| vec![value.to_owned()]);
            for values in plain.into_iter().chain(asked.filter(name)?) {
                wanted.tests.push((field, values));
            }
        }
        let names = wanted.tests.iter();
        let names = names.filter(|(field, _)| *field == Field::Customer);
        let mut people = People::open(at.app, at.project)?;
        for name in names.flat_map(|(_, values)| values) {
            if let Some(customer) = people.named(name).await? {
                let person = people.person(customer);
                let all = person.into_iter().flat_map(numbers);
                wanted.customers.extend(all.map(|id| id.0));
            }
        }
        Ok(wanted)
    }

    fn takes(&self, one: &Publication) -> bool {
        let holds = |(field, values): &(Field, Vec<String>)| match field {
            Field::Customer => one.customer.is_some_and(|of| self.customers.contains(&of)),
            field => {
                let told = told(one, *field);
                values.iter().any(|value| told.contains(value))
            }
        };
        self.tests.iter().all(holds)
    }
}

/// All that a publication is called in a field.
fn told(of: &Publication, field: Field) -> Vec<String> {
    let by_id = |tag: Tag, id: u64| ids::format(tag, id);
    match field {
        Field::Customer => Vec::new(),
        Field::Campaign => match &of.campaign {
            Some((id, name)) => vec![by_id(Tag::Campaign, *id), name.clone()],
            None => Vec::new(),
        },
        Field::Voucher => {
            let names = of.vouchers.iter();
            names
                .flat_map(|(id, code)| [by_id(Tag::Voucher, *id), code.clone()])
                .collect()
        }
        Field::Result => match of.failure {
            None => vec!["SUCCESS".into()],
            Some(_) => vec!["FAILURE".into()],
        },
        Field::VoucherType => {
            let kind = of
                .voucher_type
                .and_then(|kind| serde_json::to_value(kind).ok());
            kind.iter()
                .filter_map(|kind| kind.as_str().map(str::to_owned))
                .collect()
        }
        Field::Refers => vec![of.refers.to_string()],
        Field::Source => of.source_id.clone().into_iter().collect(),
        Field::Failure => of.failure.iter().map(|(key, _)| key.clone()).collect(),
    }
}
