//! What does a discount give? Voucherify's types and effects ⇄ our benefit and scope.

use offers::{Benefit, Ppm, Scope, Sku, Spread};
use rules::Condition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SHIPPING_PRODUCT;
use crate::Malformed;

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
    /// At most this much of one order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount_limit: Option<u64>,
    /// At most this much of all lines together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aggregated_amount_limit: Option<u64>,
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

/// What the free units are of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UnitRef {
    pub id: Option<String>,
    pub source_id: Option<String>,
    pub name: Option<String>,
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

    /// The benefit and its scope. `lines` is what the validation rule says of the lines that the
    /// discount touches; where it says something and there is no effect, the lines are meant.
    ///
    /// # Errors
    /// With a pointer within the discount: what is missing, contradictory or not supported.
    pub fn to_domain(&self, lines: Option<&Condition>) -> Result<(Benefit, Scope), Malformed> {
        self.refuse_formulas()?;
        let default = lines.map_or(Effect::ApplyToOrder, |_| Effect::ApplyToItems);
        let effect = self.effect.unwrap_or(default);
        let benefit = match self.kind {
            DiscountType::Amount => self.amount(effect)?,
            DiscountType::Percent => self.percent(effect)?,
            DiscountType::Fixed => self.fixed()?,
            DiscountType::Unit => return Ok((self.unit()?, Scope::Order)),
        };
        let scope = match effect {
            Effect::ApplyToOrder => Scope::Order,
            _ => Scope::Lines(lines.cloned().unwrap_or(Condition::Always)),
        };
        Ok((benefit, scope))
    }

    fn refuse_formulas(&self) -> Result<(), Malformed> {
        let formulas = [
            ("/amount_off_formula", &self.amount_off_formula),
            ("/percent_off_formula", &self.percent_off_formula),
            ("/fixed_amount_formula", &self.fixed_amount_formula),
            ("/unit_off_formula", &self.unit_off_formula),
        ];
        match formulas.iter().find(|(_, formula)| formula.is_some()) {
            Some((pointer, _)) => Err(Malformed::at(*pointer, "formulas are not supported yet")),
            None => Ok(()),
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
        absent(self.aggregated_amount_limit, "/aggregated_amount_limit")?;
        Ok(Benefit::AmountOff { amount, spread })
    }

    fn percent(&self, effect: Effect) -> Result<Benefit, Malformed> {
        let rate = required(self.percent_off, "/percent_off")?;
        let ceiling = match effect {
            Effect::ApplyToOrder => match (self.amount_limit, self.aggregated_amount_limit) {
                (Some(one), Some(other)) => Some(one.min(other)),
                (one, other) => one.or(other),
            },
            Effect::ApplyToItems => {
                absent(self.amount_limit, "/amount_limit")?;
                self.aggregated_amount_limit
            }
            _ => return Err(Self::wrong_effect()),
        };
        Ok(Benefit::PercentOff { rate, ceiling })
    }

    fn fixed(&self) -> Result<Benefit, Malformed> {
        if !matches!(
            self.effect,
            None | Some(Effect::ApplyToOrder | Effect::ApplyToItems)
        ) {
            return Err(Self::wrong_effect());
        }
        Ok(Benefit::FixedPrice {
            price: required(self.fixed_amount, "/fixed_amount")?,
        })
    }

    fn unit(&self) -> Result<Benefit, Malformed> {
        let unit = self.unit_type.as_deref();
        let unit = unit.ok_or_else(|| Malformed::at("/unit_type", "is required"))?;
        if !matches!(self.effect, None | Some(Effect::AddMissingItems)) {
            return Err(Self::wrong_effect());
        }
        if unit == SHIPPING_PRODUCT {
            return Ok(Benefit::ShippingFree {
                ceiling: self.amount_limit,
            });
        }
        let quantity = u32::try_from(self.unit_off.unwrap_or(1))
            .map_err(|_| Malformed::at("/unit_off", "too large"))?;
        Ok(Benefit::UnitFree {
            sku: Sku(unit.into()),
            quantity,
        })
    }

    fn wrong_effect() -> Malformed {
        Malformed::at("/effect", "not supported yet for this type of discount")
    }

    /// The discount that says this; points are not one, and neither is a gift's credit.
    #[must_use]
    pub fn of(benefit: &Benefit, scope: &Scope) -> Option<Self> {
        let on = match scope {
            Scope::Order => Effect::ApplyToOrder,
            Scope::Lines(_) => Effect::ApplyToItems,
        };
        match benefit {
            Benefit::PercentOff { rate, ceiling } => {
                let mut discount = Self::bare(DiscountType::Percent, on);
                discount.percent_off = Some(*rate);
                match on {
                    Effect::ApplyToOrder => discount.amount_limit = *ceiling,
                    _ => discount.aggregated_amount_limit = *ceiling,
                }
                Some(discount)
            }
            Benefit::AmountOff { amount, spread } => {
                let mut discount = Self::bare(DiscountType::Amount, effect_of(*spread));
                discount.amount_off = Some(*amount);
                Some(discount)
            }
            Benefit::FixedPrice { price } => {
                let mut discount = Self::bare(DiscountType::Fixed, on);
                discount.fixed_amount = Some(*price);
                Some(discount)
            }
            Benefit::ShippingFree { ceiling } => {
                let mut discount = Self::units(SHIPPING_PRODUCT, 1);
                discount.amount_limit = *ceiling;
                Some(discount)
            }
            Benefit::UnitFree { sku, quantity } => Some(Self::units(&sku.0, *quantity)),
            Benefit::Credit | Benefit::PointsBack { .. } => None,
        }
    }

    fn units(of: &str, quantity: u32) -> Self {
        let mut discount = Self::bare(DiscountType::Unit, Effect::AddMissingItems);
        discount.unit_type = Some(of.to_owned());
        discount.unit_off = Some(quantity.into());
        discount.product = Some(UnitRef {
            id: Some(of.to_owned()),
            ..UnitRef::default()
        });
        discount
    }
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

fn absent<T>(value: Option<T>, pointer: &str) -> Result<(), Malformed> {
    let not_yet = |_| Err(Malformed::at(pointer, "not supported yet with this effect"));
    value.map_or(Ok(()), not_yet)
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
