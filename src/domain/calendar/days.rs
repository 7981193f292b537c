//! Which days of a period a rule chooses: RFC 5545's table of what expands and what limits, as one question per day.
//!
//! Every part that is given must let the day through. For daily and slower rules that is the same as expanding and
//! limiting part by part, once the parts that the start implies are filled in.

use super::civil::{Date, DayNumber, days_in_month, days_in_year, weekday};
use super::rule::{Frequency, Rule};

/// One day, as the parts look at it.
struct Day {
    number: DayNumber,
    date: Date,
    month_length: u32,
}

impl Day {
    fn of_year(&self) -> i64 {
        self.number - Date { month: 1, day: 1, ..self.date }.number() + 1
    }

    fn weekday(&self) -> u8 {
        weekday(self.number)
    }
}

impl Rule {
    /// The days of the period that begins on this day, ascending.
    pub(super) fn fill(&self, first_day: DayNumber, days: &mut Vec<DayNumber>) {
        match self.parts().frequency {
            Frequency::Daily => self.fill_days(first_day, 1, days),
            Frequency::Weekly => self.fill_days(first_day, 7, days),
            Frequency::Monthly => self.fill_month(first_day, days),
            Frequency::Yearly => {
                let mut first = first_day;
                let year = Date::from_number(first_day).year;
                for month in 1..=12 {
                    self.fill_month(first, days);
                    first += i64::from(days_in_month(year, month));
                }
            }
        }
    }

    fn fill_days(&self, first_day: DayNumber, length: i64, days: &mut Vec<DayNumber>) {
        for number in first_day..first_day + length {
            let date = Date::from_number(number);
            if !self.names_month(date.month) {
                continue;
            }
            if self.fits(&Day { number, date, month_length: days_in_month(date.year, date.month) }) {
                days.push(number);
            }
        }
    }

    fn fill_month(&self, first_day: DayNumber, days: &mut Vec<DayNumber>) {
        let date = Date::from_number(first_day);
        if !self.names_month(date.month) {
            return;
        }
        let month_length = days_in_month(date.year, date.month);
        for index in 0..month_length {
            let number = first_day + i64::from(index);
            if self.fits(&Day { number, date: Date { day: index + 1, ..date }, month_length }) {
                days.push(number);
            }
        }
    }

    /// Whether every part that is given lets this day through. The month has been looked at already.
    fn fits(&self, day: &Day) -> bool {
        let parts = self.parts();
        let month_day = |wanted: &i8| {
            let wanted = i64::from(*wanted);
            let from_end = i64::from(day.date.day) - i64::from(day.month_length) - 1;
            wanted == i64::from(day.date.day) || wanted == from_end
        };
        if parts.either_day {
            return parts.month_days.iter().any(month_day) || self.fits_weekday(day);
        }
        (parts.month_days.is_empty() || parts.month_days.iter().any(month_day))
            && ((parts.weekdays == 0 && parts.nth_weekdays.is_empty()) || self.fits_weekday(day))
            && (parts.year_days.is_empty() || self.fits_year_day(day))
            && (parts.week_numbers.is_empty() || self.fits_week(day))
    }

    fn fits_year_day(&self, day: &Day) -> bool {
        let of_year = day.of_year();
        let from_end = of_year - days_in_year(day.date.year) - 1;
        self.parts().year_days.iter().any(|wanted| {
            let wanted = i64::from(*wanted);
            wanted == of_year || wanted == from_end
        })
    }

    fn fits_weekday(&self, day: &Day) -> bool {
        let weekday = day.weekday();
        if self.parts().weekdays & (1 << weekday) != 0 {
            return true;
        }
        // "The second Monday" is of the month, in a yearly rule without months of the year.
        let of_year = self.parts().frequency == Frequency::Yearly && self.parts().months == 0;
        let (place, length) = if of_year {
            (day.of_year(), days_in_year(day.date.year))
        } else {
            (i64::from(day.date.day), i64::from(day.month_length))
        };
        let from_start = (place - 1) / 7 + 1;
        let from_end = -((length - place) / 7 + 1);
        self.parts()
            .nth_weekdays
            .iter()
            .any(|(n, wanted)| *wanted == weekday && (i64::from(*n) == from_start || i64::from(*n) == from_end))
    }

    /// Week 1 is the first with at least four days in its year (RFC 5545, as ISO 8601 but with any first weekday).
    fn fits_week(&self, day: &Day) -> bool {
        let since_week_start = (i64::from(day.weekday()) - i64::from(self.parts().week_start)).rem_euclid(7);
        // A week belongs to the year that holds its fourth day.
        let fourth_day = day.number - since_week_start + 3;
        let week_year = Date::from_number(fourth_day).year;
        let new_year = Date { year: week_year, month: 1, day: 1 }.number();
        let number = (fourth_day - new_year) / 7 + 1;
        let total = weeks_of_year(new_year, days_in_year(week_year), self.parts().week_start);
        self.parts().week_numbers.iter().any(|wanted| {
            let wanted = i64::from(*wanted);
            wanted == number || wanted == number - total - 1
        })
    }
}

/// How many fourth days of a week fall into the year: 52 or 53.
fn weeks_of_year(new_year: DayNumber, length: i64, week_start: u8) -> i64 {
    let fourth_weekday = i64::from(week_start) + 3;
    let first = (fourth_weekday - i64::from(weekday(new_year))).rem_euclid(7);
    (length - first - 1) / 7 + 1
}
