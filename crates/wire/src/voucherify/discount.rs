//! What does a discount give? Voucherify's types and effects ⇄ our benefit and scope.

use offers::{Benefit, Formula, Joining, Lines, MAX_FREE_UNITS, Ppm, Scope, Sku, Spread, UnitFree};
use rules::Condition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SHIPPING_PRODUCT;
use crate::Malformed;

/// Products of which one discount gives units.
const MAX_UNITS: usize = 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum DiscountType {
    Amount,
    Percent,
    Fixed,
    Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Effect {
    ApplyToOrder,
    ApplyToItems,
    ApplyToItemsProportionally,
    ApplyToItemsProportionallyByQuantity,
    ApplyToItemsByQuantity,
    AddMissingItems,
    AddNewItems,
    AddSameItems,
    AddManyItems,
    ReplaceItems,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Discount {
    #[serde(rename = "type")]
    pub kind: DiscountType,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// Minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_off: Option<u64>,
    /// Per cent, at most four decimals.
    #[serde(default, with = "percent", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub percent_off: Option<Ppm>,
    /// The price that is to be paid, in minor units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_amount: Option<u64>,
    #[serde(default, deserialize_with = "super::lenient::count")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_off: Option<u64>,
    /// The product or SKU of which units are free.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_type: Option<String>,
    /// At most this much of one order, or of each line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_limit: Option<u64>,
    /// At most this much of all lines together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregated_amount_limit: Option<u64>,
    /// Of several products, with `ADD_MANY_ITEMS`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<Vec<Unit>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_off_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent_off_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed_amount_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_off_formula: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_dynamic: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<UnitRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<UnitRef>,
}

/// Free units of one product among several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct Unit {
    #[serde(deserialize_with = "super::lenient::count")]
    pub unit_off: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_off_formula: Option<String>,
    /// `ADD_NEW_ITEMS` or `ADD_MISSING_ITEMS`.
    pub effect: Option<Effect>,
    pub unit_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<UnitRef>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<UnitRef>,
}

/// What the free units are of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UnitRef {
    pub id: Option<String>,
    pub source_id: Option<String>,
    pub name: Option<String>,
}

/// What is given, and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    pub benefit: Benefit,
    /// Counts the benefit's number.
    pub formula: Option<Formula>,
    pub scope: Scope,
}

impl From<(Benefit, Scope)> for Terms {
    fn from((benefit, scope): (Benefit, Scope)) -> Self {
        let formula = None;
        Self {
            benefit,
            formula,
            scope,
        }
    }
}

impl Discount {
    fn bare(kind: DiscountType, effect: Effect) -> Self {
        Self {
            kind,
            effect: Some(effect),
            amount_off: None,
            percent_off: None,
            fixed_amount: None,
            unit_off: None,
            unit_type: None,
            units: None,
            amount_limit: None,
            aggregated_amount_limit: None,
            amount_off_formula: None,
            percent_off_formula: None,
            fixed_amount_formula: None,
            unit_off_formula: None,
            is_dynamic: Some(false),
            product: None,
            sku: None,
        }
    }

    /// What it gives, and on what. `lines` is what the validation rule says of the lines that the
    /// discount touches; where it says something and there is no effect, the lines are meant.
    ///
    /// # Errors
    /// With a pointer within the discount: what is missing, contradictory or not supported.
    pub fn to_domain(&self, lines: Option<&Lines>) -> Result<Terms, Malformed> {
        let effect = self.effect.unwrap_or(match (self.kind, lines) {
            (DiscountType::Unit, _) => Effect::AddMissingItems,
            (_, Some(_)) => Effect::ApplyToItems,
            (_, None) => Effect::ApplyToOrder,
        });
        let benefit = match self.kind {
            DiscountType::Amount => self.amount(effect)?,
            DiscountType::Percent => self.percent(effect)?,
            DiscountType::Fixed => self.fixed(effect)?,
            DiscountType::Unit => self.unit(effect)?,
        };
        Ok(Terms {
            benefit,
            formula: self.formula()?,
            scope: self.scope(effect, lines)?,
        })
    }

    fn scope(&self, effect: Effect, lines: Option<&Lines>) -> Result<Scope, Malformed> {
        let units = [
            Effect::AddMissingItems,
            Effect::AddNewItems,
            Effect::AddManyItems,
        ];
        if effect == Effect::ApplyToOrder || units.contains(&effect) {
            return Ok(Scope::Order);
        }
        let named = matches!(effect, Effect::AddSameItems | Effect::ReplaceItems);
        if named && lines.is_none() {
            let detail = "needs a validation rule that says which items";
            return Err(Malformed::at("/effect", detail));
        }
        let mut lines = lines.cloned().unwrap_or_else(|| Condition::Always.into());
        match self.kind {
            DiscountType::Percent => lines.each_at_most = self.amount_limit,
            DiscountType::Amount => lines.at_most = self.aggregated_amount_limit,
            DiscountType::Fixed | DiscountType::Unit => {}
        }
        Ok(Scope::Lines(lines))
    }

    /// The formula for the number that this type of discount has.
    fn formula(&self) -> Result<Option<Formula>, Malformed> {
        let (formula, pointer) = match self.kind {
            DiscountType::Amount => (&self.amount_off_formula, "/amount_off_formula"),
            DiscountType::Percent => (&self.percent_off_formula, "/percent_off_formula"),
            DiscountType::Fixed => (&self.fixed_amount_formula, "/fixed_amount_formula"),
            DiscountType::Unit => (&self.unit_off_formula, "/unit_off_formula"),
        };
        read_formula(formula.as_deref(), pointer)
    }

    fn formula_of_type(&mut self) -> &mut Option<String> {
        match self.kind {
            DiscountType::Amount => &mut self.amount_off_formula,
            DiscountType::Percent => &mut self.percent_off_formula,
            DiscountType::Fixed => &mut self.fixed_amount_formula,
            DiscountType::Unit => &mut self.unit_off_formula,
        }
    }

    fn amount(&self, effect: Effect) -> Result<Benefit, Malformed> {
        let amount = required(self.amount_off, "/amount_off")?;
        let spread = match effect {
            Effect::ApplyToOrder => Spread::Order,
            Effect::ApplyToItems => Spread::EachLine,
            Effect::ApplyToItemsByQuantity => Spread::EachUnit,
            Effect::ApplyToItemsProportionally => Spread::ByAmount,
            Effect::ApplyToItemsProportionallyByQuantity => Spread::ByQuantity,
            _ => return Err(Self::wrong_effect()),
        };
        let amount = match (spread, self.aggregated_amount_limit) {
            (Spread::Order, Some(_)) if self.formula()?.is_some() => {
                let detail = "not supported with a formula on the order: bound it with MIN";
                return Err(Malformed::at("/aggregated_amount_limit", detail));
            }
            (Spread::Order, Some(limit)) => amount.min(limit),
            _ => amount,
        };
        Ok(Benefit::AmountOff { amount, spread })
    }

    fn percent(&self, effect: Effect) -> Result<Benefit, Malformed> {
        let rate = required(self.percent_off, "/percent_off")?;
        let ceiling = match effect {
            Effect::ApplyToOrder => match (self.amount_limit, self.aggregated_amount_limit) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            Effect::ApplyToItems => self.aggregated_amount_limit,
            _ => return Err(Self::wrong_effect()),
        };
        Ok(Benefit::PercentOff { rate, ceiling })
    }

    fn fixed(&self, effect: Effect) -> Result<Benefit, Malformed> {
        if !matches!(effect, Effect::ApplyToOrder | Effect::ApplyToItems) {
            return Err(Self::wrong_effect());
        }
        Ok(Benefit::FixedPrice {
            price: required(self.fixed_amount, "/fixed_amount")?,
        })
    }

    fn unit(&self, effect: Effect) -> Result<Benefit, Malformed> {
        let quantity = units_off(self.unit_off, "/unit_off");
        let joining = match effect {
            Effect::AddSameItems => {
                return Ok(Benefit::SameFree {
                    quantity: quantity?,
                });
            }
            Effect::AddManyItems => return self.many().map(Benefit::UnitsFree),
            Effect::AddMissingItems => Joining::Missing,
            Effect::AddNewItems => Joining::Always,
            Effect::ReplaceItems => {
                return Ok(Benefit::Exchange {
                    sku: self.unit_sku()?,
                    quantity: quantity?,
                });
            }
            _ => return Err(Self::wrong_effect()),
        };
        let sku = self.unit_sku()?;
        if &*sku.0 == SHIPPING_PRODUCT {
            let ceiling = self.amount_limit;
            return Ok(Benefit::ShippingFree { ceiling });
        }
        Ok(Benefit::UnitsFree(vec![UnitFree {
            sku,
            quantity: quantity?,
            formula: None,
            joining,
        }]))
    }

    fn unit_sku(&self) -> Result<Sku, Malformed> {
        let unit = required(self.unit_type.as_deref(), "/unit_type")?;
        Ok(Sku(unit.into()))
    }

    fn many(&self) -> Result<Vec<UnitFree>, Malformed> {
        let units = self.units.as_deref().unwrap_or_default();
        if units.is_empty() || units.len() > MAX_UNITS {
            let detail = format!("from 1 to {MAX_UNITS} products");
            return Err(Malformed::at("/units", detail));
        }
        let read = |(at, unit): (usize, &Unit)| {
            let wrong = |wrong: Malformed| wrong.under(&at.to_string()).under("units");
            unit.to_domain().map_err(wrong)
        };
        units.iter().enumerate().map(read).collect()
    }

    fn wrong_effect() -> Malformed {
        Malformed::at("/effect", "does not go with this type of discount")
    }

    /// The discount that says this; points are not one, and neither is a gift's credit.
    #[must_use]
    pub fn of(benefit: &Benefit, formula: Option<&Formula>, scope: &Scope) -> Option<Self> {
        let mut discount = Self::plain(benefit, scope)?;
        if let Some(formula) = formula {
            *discount.formula_of_type() = Some(formula.text().to_owned());
            discount.is_dynamic = Some(true);
        }
        Some(discount)
    }

    fn plain(benefit: &Benefit, scope: &Scope) -> Option<Self> {
        let (on, lines) = match scope {
            Scope::Order => (Effect::ApplyToOrder, None),
            Scope::Lines(lines) => (Effect::ApplyToItems, Some(lines)),
        };
        match benefit {
            Benefit::PercentOff { rate, ceiling } => {
                let mut discount = Self::bare(DiscountType::Percent, on);
                discount.percent_off = Some(*rate);
                match on {
                    Effect::ApplyToOrder => discount.amount_limit = *ceiling,
                    _ => discount.aggregated_amount_limit = *ceiling,
                }
                let of_each = lines.and_then(|lines| lines.each_at_most);
                discount.amount_limit = discount.amount_limit.or(of_each);
                Some(discount)
            }
            Benefit::AmountOff { amount, spread } => {
                let mut discount = Self::bare(DiscountType::Amount, effect_of(*spread));
                discount.amount_off = Some(*amount);
                discount.aggregated_amount_limit = lines.and_then(|lines| lines.at_most);
                Some(discount)
            }
            Benefit::FixedPrice { price } => {
                let mut discount = Self::bare(DiscountType::Fixed, on);
                discount.fixed_amount = Some(*price);
                Some(discount)
            }
            Benefit::ShippingFree { ceiling } => {
                let mut discount = Self::units(Effect::AddMissingItems, (SHIPPING_PRODUCT, 1));
                discount.amount_limit = *ceiling;
                Some(discount)
            }
            Benefit::UnitsFree(units) => Some(Self::free(units)),
            Benefit::SameFree { quantity } => {
                let mut discount = Self::bare(DiscountType::Unit, Effect::AddSameItems);
                discount.unit_off = Some((*quantity).into());
                Some(discount)
            }
            Benefit::Exchange { sku, quantity } => {
                Some(Self::units(Effect::ReplaceItems, (&sku.0, *quantity)))
            }
            Benefit::Credit | Benefit::PointsBack { .. } => None,
        }
    }

    fn units(effect: Effect, (of, quantity): (&str, u32)) -> Self {
        let mut discount = Self::bare(DiscountType::Unit, effect);
        discount.unit_type = Some(of.to_owned());
        discount.unit_off = Some(quantity.into());
        discount.product = Some(UnitRef::to(of));
        discount
    }

    fn free(units: &[UnitFree]) -> Self {
        if let [one] = units
            && one.formula.is_none()
        {
            return Self::units(joining(one.joining), (&one.sku.0, one.quantity));
        }
        let mut discount = Self::bare(DiscountType::Unit, Effect::AddManyItems);
        discount.units = Some(units.iter().map(Unit::of).collect());
        discount.is_dynamic = Some(units.iter().any(|one| one.formula.is_some()));
        discount
    }
}

impl Unit {
    fn to_domain(&self) -> Result<UnitFree, Malformed> {
        let formula = read_formula(self.unit_off_formula.as_deref(), "/unit_off_formula")?;
        let joining = match self.effect {
            None | Some(Effect::AddMissingItems) => Joining::Missing,
            Some(Effect::AddNewItems) => Joining::Always,
            Some(_) => return Err(Discount::wrong_effect()),
        };
        let sku = required(self.unit_type.as_deref(), "/unit_type")?;
        if sku == SHIPPING_PRODUCT {
            let detail = "free shipping is a discount of its own";
            return Err(Malformed::at("/unit_type", detail));
        }
        Ok(UnitFree {
            sku: Sku(sku.into()),
            quantity: units_off(self.unit_off, "/unit_off")?,
            formula,
            joining,
        })
    }

    fn of(unit: &UnitFree) -> Self {
        Self {
            unit_off: Some(unit.quantity.into()),
            unit_off_formula: unit
                .formula
                .as_ref()
                .map(|formula| formula.text().to_owned()),
            effect: Some(joining(unit.joining)),
            unit_type: Some(unit.sku.0.to_string()),
            product: Some(UnitRef::to(&unit.sku.0)),
            sku: None,
        }
    }
}

impl UnitRef {
    fn to(id: &str) -> Self {
        Self {
            id: Some(id.to_owned()),
            ..Self::default()
        }
    }
}

fn joining(joining: Joining) -> Effect {
    match joining {
        Joining::Missing => Effect::AddMissingItems,
        Joining::Always => Effect::AddNewItems,
    }
}

/// A formula, where there is one that is not empty.
pub(crate) fn read_formula(
    text: Option<&str>,
    pointer: &str,
) -> Result<Option<Formula>, Malformed> {
    let text = text.map(str::trim).filter(|text| !text.is_empty());
    let formula = text.map(Formula::parse).transpose();
    formula.map_err(|wrong| Malformed::at(pointer, wrong.to_string()))
}

/// One where nobody says how many.
fn units_off(units: Option<u64>, pointer: &str) -> Result<u32, Malformed> {
    let units = u32::try_from(units.unwrap_or(1)).ok();
    let units = units.filter(|units| *units <= MAX_FREE_UNITS);
    units.ok_or_else(|| Malformed::at(pointer, format!("more than {MAX_FREE_UNITS} units")))
}

fn effect_of(spread: Spread) -> Effect {
    match spread {
        Spread::Order => Effect::ApplyToOrder,
        Spread::EachLine => Effect::ApplyToItems,
        Spread::EachUnit => Effect::ApplyToItemsByQuantity,
        Spread::ByAmount => Effect::ApplyToItemsProportionally,
        Spread::ByQuantity => Effect::ApplyToItemsProportionallyByQuantity,
    }
}

fn required<T>(value: Option<T>, pointer: &str) -> Result<T, Malformed> {
    value.ok_or_else(|| Malformed::at(pointer, "is required"))
}

/// Per cent on the wire, parts per million inside.
mod percent {
    use offers::Ppm;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    const PPM_IN_ONE_PER_CENT: Ppm = 10_000;
    const ALL: f64 = 1_000_000.0;

    pub fn serialize<S: Serializer>(rate: &Option<Ppm>, to: S) -> Result<S::Ok, S::Error> {
        match rate {
            // A whole number is printed as one: strict clients tell 10 from 10.0.
            Some(rate) if rate % PPM_IN_ONE_PER_CENT == 0 => {
                (rate / PPM_IN_ONE_PER_CENT).serialize(to)
            }
            Some(rate) => (f64::from(*rate) / f64::from(PPM_IN_ONE_PER_CENT)).serialize(to),
            None => to.serialize_none(),
        }
    }

    /// The nearest part per million, which must be what was meant: a per cent of at most four
    /// decimals is off by less than a millionth of one from its nearest double.
    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Ppm>, D::Error> {
        let Some(percent) = Option::<f64>::deserialize(from)? else {
            return Ok(None);
        };
        let exact = percent * f64::from(PPM_IN_ONE_PER_CENT);
        let rate = exact.round();
        if !(0.0..=ALL).contains(&rate) {
            return Err(D::Error::custom("a per cent lies between 0 and 100"));
        }
        if (exact - rate).abs() > 1e-6 {
            return Err(D::Error::custom("a per cent has at most four decimals"));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "in range"
        )]
        Ok(Some(rate as Ppm))
    }
}
