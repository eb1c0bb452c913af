//! When within its dates is something open? Timeframes, days of the week and hours of the day.

use std::sync::Arc;

use offers::{Calendar, Days, Hours, Length, Timeframe, Timestamp, Validity};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::Malformed;

/// Hours of one thing.
const MAX_HOURS: usize = 50;
const DAY_MINUTES: u16 = 24 * 60;
/// Milliseconds in a hundred years: no length of time is longer.
const MAX_MS: i64 = 36_525 * 86_400_000;
const DAY_MS: i64 = 86_400_000;
const MAX_MONTHS: u32 = 1_200;

/// What a body says of when something is valid, as it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Said<'a> {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub timeframe: &'a Option<Json>,
    pub days: &'a Option<Json>,
    pub hours: &'a Option<Json>,
}

/// When something is open, as answers say it: `null` where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct CalendarView {
    #[schema(value_type = Option<Object>)]
    pub validity_timeframe: Option<TimeframeView>,
    pub validity_day_of_week: Option<Vec<u8>>,
    #[schema(value_type = Option<Object>)]
    pub validity_hours: Option<HoursView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TimeframeView {
    interval: String,
    duration: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HoursView {
    daily: Vec<DailyView>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct DailyView {
    start_time: String,
    expiration_time: String,
    days_of_week: Vec<u8>,
}

impl CalendarView {
    #[must_use]
    pub fn of(validity: &Validity) -> Self {
        let Some(calendar) = &validity.calendar else {
            return Self::default();
        };
        let timeframe = calendar.timeframe.map(|frame| TimeframeView {
            interval: duration(frame.every),
            duration: duration(frame.open),
        });
        let daily = calendar.hours.iter().map(|hours| DailyView {
            start_time: time_of_day(hours.from),
            expiration_time: time_of_day(hours.until),
            days_of_week: hours.days.iter().collect(),
        });
        let daily: Vec<DailyView> = daily.collect();
        Self {
            validity_timeframe: timeframe,
            validity_day_of_week: calendar.days.map(|days| days.iter().collect()),
            validity_hours: (!daily.is_empty()).then_some(HoursView { daily }),
        }
    }
}

fn time_of_day(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// ISO 8601.
fn duration(length: Length) -> String {
    let days = length.ms / DAY_MS;
    let seconds = length.ms % DAY_MS / 1_000;
    let (hours, minutes, seconds) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    let part = |number: i64, unit: &str| match number {
        0 => String::new(),
        number => format!("{number}{unit}"),
    };
    let date = part(length.months.into(), "M") + &part(days, "D");
    let time = part(hours, "H") + &part(minutes, "M") + &part(seconds, "S");
    match time.is_empty() {
        true => format!("P{date}"),
        false => format!("P{date}T{time}"),
    }
}

#[derive(Deserialize)]
struct TimeframeInput {
    interval: String,
    duration: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct HoursInput {
    daily: Vec<DailyInput>,
}

#[derive(Deserialize)]
struct DailyInput {
    #[serde(default)]
    start_time: Option<String>,
    #[serde(default)]
    expiration_time: Option<String>,
    #[serde(default)]
    days_of_week: Option<Vec<u8>>,
}

impl Said<'_> {
    /// # Errors
    /// With a pointer within the body.
    pub fn validity(&self) -> Result<Validity, Malformed> {
        if let (Some(from), Some(until)) = (self.from, self.until)
            && until < from
        {
            return Err(Malformed::at("/expiration_date", "is before start_date"));
        }
        let calendar = self.calendar()?.map(Arc::new);
        Ok(Validity {
            calendar,
            ..Validity::between(self.from, self.until)
        })
    }

    fn calendar(&self) -> Result<Option<Calendar>, Malformed> {
        let calendar = Calendar {
            timeframe: member(self.timeframe, "validity_timeframe", timeframe)?,
            days: member(self.days, "validity_day_of_week", days)?.flatten(),
            hours: member(self.hours, "validity_hours", hours)?.unwrap_or_default(),
        };
        if calendar.timeframe.is_some() && self.from.is_none() {
            let detail = "needs a start_date, from which it is counted";
            return Err(Malformed::at("/validity_timeframe", detail));
        }
        let has_others = calendar.timeframe.is_some() || calendar.days.is_some();
        if !calendar.hours.is_empty() && has_others {
            let detail = "has its own days_of_week, and no timeframe or days beside it";
            return Err(Malformed::at("/validity_hours", detail));
        }
        Ok((calendar != Calendar::default()).then_some(calendar))
    }
}

/// A member that is there and not `null`.
fn member<I: DeserializeOwned, T>(
    value: &Option<Json>,
    name: &str,
    read: impl Fn(I) -> Result<T, Malformed>,
) -> Result<Option<T>, Malformed> {
    let Some(value) = value.as_ref().filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let input = serde_json::from_value(value.clone());
    let input = input.map_err(|error| Malformed::at("", error.to_string()));
    let read = input.and_then(read);
    read.map(Some).map_err(|wrong| wrong.under(name))
}

fn timeframe(input: TimeframeInput) -> Result<Timeframe, Malformed> {
    let every = length(&input.interval).map_err(|wrong| wrong.under("interval"))?;
    let open = length(&input.duration).map_err(|wrong| wrong.under("duration"))?;
    if every.months > 0 && every.ms > 0 {
        let detail = "is of months or years, or of weeks, days and less, not of both";
        return Err(Malformed::at("/interval", detail));
    }
    Ok(Timeframe { every, open })
}

/// An ISO 8601 duration: `P1M`, `P2D`, `PT1H30M`.
pub(super) fn length(text: &str) -> Result<Length, Malformed> {
    let wrong = || Malformed::at("", "must be a duration like PT1H, P2D or P1M, above zero");
    let span: jiff::Span = text.parse().map_err(|_| wrong())?;
    let months = i64::from(span.get_years()) * 12 + i64::from(span.get_months());
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let hours = days * 24 + i64::from(span.get_hours());
    let ms = [
        hours.checked_mul(3_600_000),
        span.get_minutes().checked_mul(60_000),
        span.get_seconds().checked_mul(1_000),
    ];
    let ms = ms
        .into_iter()
        .try_fold(0_i64, |all, part| all.checked_add(part?));
    let months = u32::try_from(months).ok().filter(|of| *of <= MAX_MONTHS);
    let ms = ms.filter(|ms| (0..=MAX_MS).contains(ms));
    match (months, ms) {
        (Some(0), Some(0)) | (None, _) | (_, None) => Err(wrong()),
        (Some(months), Some(ms)) => Ok(Length { months, ms }),
    }
}

/// None said is every day.
fn days(numbers: Vec<u8>) -> Result<Option<Days>, Malformed> {
    if let Some(at) = numbers.iter().position(|day| *day > 6) {
        let detail = "is a day from 0 (Sunday) to 6";
        return Err(Malformed::at(format!("/{at}"), detail));
    }
    Ok((!numbers.is_empty()).then(|| Days::of(numbers)))
}

fn hours(input: HoursInput) -> Result<Vec<Hours>, Malformed> {
    let place = |at: usize, wrong: Malformed| wrong.under(&at.to_string()).under("daily");
    if input.daily.len() > MAX_HOURS {
        return Err(Malformed::at("/daily", format!("more than {MAX_HOURS}")));
    }
    let mut all: Vec<Hours> = Vec::new();
    for (at, daily) in input.daily.into_iter().enumerate() {
        let one = daily.hours().map_err(|wrong| place(at, wrong))?;
        if all.iter().any(|before| before.overlaps(&one)) {
            let wrong = Malformed::at("", "overlaps one before it");
            return Err(place(at, wrong));
        }
        all.push(one);
    }
    Ok(all)
}

impl DailyInput {
    /// No first hour is the beginning of the day, no last one its end.
    fn hours(self) -> Result<Hours, Malformed> {
        let minute = |text: Option<String>, missing: u16, name: &str| match text.as_deref() {
            None | Some("") => Ok(missing),
            Some(text) => minute(text).map_err(|wrong| wrong.under(name)),
        };
        let from = minute(self.start_time, 0, "start_time")?;
        let until = minute(self.expiration_time, DAY_MINUTES, "expiration_time")?;
        if until <= from {
            let detail = "is not after start_time; write two windows where one goes past midnight";
            return Err(Malformed::at("/expiration_time", detail));
        }
        let days = days(self.days_of_week.unwrap_or_default());
        let days = days.map_err(|wrong| wrong.under("days_of_week"))?;
        Ok(Hours {
            days: days.unwrap_or(Days::ALL),
            from,
            until,
        })
    }
}

/// `HH:mm`, up to `24:00`.
pub(super) fn minute(text: &str) -> Result<u16, Malformed> {
    let parts = text.split_once(':');
    let number = |part: &str| {
        let is_two = part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
        is_two.then(|| part.parse::<u16>().ok()).flatten()
    };
    let minutes = parts.and_then(|(hour, minute)| {
        let (hour, minute) = (number(hour)?, number(minute)?);
        (minute < 60).then_some(hour * 60 + minute)
    });
    let wrong = || Malformed::at("", "must be a time of day like 09:30");
    minutes
        .filter(|minutes| *minutes <= DAY_MINUTES)
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of a body with a start date, and what is read or refused.
    #[track_caller]
    fn check(body: &str, expected: &str) {
        let body: serde_json::Map<String, Json> = serde_json::from_str(body).unwrap();
        let said = |name: &str| body.get(name).cloned();
        let (timeframe, days, hours) = (
            said("validity_timeframe"),
            said("validity_day_of_week"),
            said("validity_hours"),
        );
        let said = Said {
            from: (!body.contains_key("no_start")).then_some(0),
            until: None,
            timeframe: &timeframe,
            days: &days,
            hours: &hours,
        };
        let read = match said.validity() {
            Err(wrong) => wrong.to_string(),
            Ok(validity) => match validity.calendar {
                None => "always".to_owned(),
                Some(calendar) => serde_json::to_string(&*calendar).unwrap(),
            },
        };
        assert!(read.starts_with(expected), "{read}");
    }

    #[test]
    fn timeframes_days_and_hours_are_read() {
        check("{}", "always");
        check(
            r#"{"validity_timeframe": null, "validity_day_of_week": []}"#,
            "always",
        );
        check(
            r#"{"validity_timeframe": {"interval": "P2D", "duration": "PT1H30M"}}"#,
            r#"{"timeframe":{"every":{"months":0,"ms":172800000},"open":{"months":0,"ms":5400000"#,
        );
        check(
            r#"{"validity_timeframe": {"interval": "P1Y2M", "duration": "P1W"}}"#,
            r#"{"timeframe":{"every":{"months":14,"ms":0},"open":{"months":0,"ms":604800000}}"#,
        );
        check(
            r#"{"validity_day_of_week": [0, 6]}"#,
            r#"{"timeframe":null,"days":65,"hours":[]}"#,
        );
        check(
            r#"{"validity_hours": {"daily": [
                {"start_time": "09:00", "expiration_time": "12:30", "days_of_week": [1]},
                {"start_time": "12:30", "expiration_time": "", "days_of_week": [1, 2]}]}}"#,
            concat!(
                r#"{"timeframe":null,"days":null,"hours":[{"days":2,"from":540,"until":750},"#,
                r#"{"days":6,"from":750,"until":1440}]}"#
            ),
        );
    }

    #[test]
    fn what_is_shown_reads_back() {
        let shown = |text: &str| duration(length(text).unwrap());
        assert_eq!(shown("P2D"), "P2D");
        assert_eq!(shown("PT36H"), "P1DT12H");
        assert_eq!(shown("PT90M"), "PT1H30M");
        assert_eq!(shown("P1Y2M"), "P14M");
        assert_eq!(shown("PT1S"), "PT1S");
        let days = Some(serde_json::json!([6, 0]));
        let said = Said {
            from: None,
            until: None,
            timeframe: &None,
            days: &days,
            hours: &None,
        };
        let view = CalendarView::of(&said.validity().unwrap());
        assert_eq!(view.validity_day_of_week, Some(vec![0, 6]));
        assert_eq!((view.validity_timeframe, view.validity_hours), (None, None));
    }

    #[test]
    fn what_no_clock_says_is_refused_with_its_place() {
        check(
            r#"{"no_start": 1, "validity_timeframe": {"interval": "P2D", "duration": "PT1H"}}"#,
            "/validity_timeframe: needs a start_date",
        );
        check(
            r#"{"validity_timeframe": {"interval": "P1M1D", "duration": "PT1H"}}"#,
            "/validity_timeframe/interval: is of months",
        );
        check(
            r#"{"validity_timeframe": {"interval": "PT0S", "duration": "PT1H"}}"#,
            "/validity_timeframe/interval: must be a duration",
        );
        check(
            r#"{"validity_timeframe": {"interval": "P9999Y", "duration": "PT1H"}}"#,
            "/validity_timeframe/interval: must be a duration",
        );
        check(r#"{"validity_timeframe": 7}"#, "/validity_timeframe: ");
        check(
            r#"{"validity_day_of_week": [1, 7]}"#,
            "/validity_day_of_week/1: is a day",
        );
        check(
            r#"{"validity_hours": {"daily": [{"start_time": "9:00"}]}}"#,
            "/validity_hours/daily/0/start_time: must be a time",
        );
        check(
            r#"{"validity_hours": {"daily": [
                {"start_time": "22:00", "expiration_time": "02:00"}]}}"#,
            "/validity_hours/daily/0/expiration_time: is not after",
        );
        check(
            r#"{"validity_hours": {"daily": [
                {"start_time": "09:00", "expiration_time": "12:00"},
                {"start_time": "11:00", "expiration_time": "13:00", "days_of_week": [3]}]}}"#,
            "/validity_hours/daily/1: overlaps",
        );
        check(
            r#"{"validity_day_of_week": [1],
                "validity_hours": {"daily": [{"start_time": "09:00"}]}}"#,
            "/validity_hours: has its own",
        );
    }
}
