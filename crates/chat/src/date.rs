//! `strftime_now` of a configured day: a clock in a template would change prompts, and with them every cached prefix,
//! at midnight.

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Year, 1 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
}

impl Default for Date {
    /// 2026-01-01.
    fn default() -> Self {
        Date { year: 2026, month: 1, day: 1 }
    }
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

impl Date {
    /// Python's `strftime` for midnight of this day; `None` if the format has a directive that is not known.
    pub(crate) fn format(self, format: &str) -> Option<String> {
        let mut out = String::new();
        let mut chars = format.chars();
        while let Some(c) = chars.next() {
            if c != '%' {
                out.push(c);
                continue;
            }
            let mut directive = chars.next()?;
            let padded = directive != '-';
            if !padded {
                directive = chars.next()?;
            }
            let two = |n: u8| if padded { format!("{n:02}") } else { n.to_string() };
            let month = MONTHS.get(usize::from(self.month).checked_sub(1)?)?;
            match directive {
                'Y' => out += &format!("{:04}", self.year),
                'y' => out += &format!("{:02}", self.year % 100),
                'm' => out += &two(self.month),
                'd' => out += &two(self.day),
                'B' => out += month,
                'b' => out += &month[..3],
                'A' => out += self.weekday(),
                'a' => out += &self.weekday()[..3],
                'H' | 'M' | 'S' => out += &two(0),
                'F' => out += &self.format("%Y-%m-%d")?,
                '%' => out.push('%'),
                _ => return None,
            }
        }
        Some(out)
    }

    /// Sakamoto's method.
    fn weekday(self) -> &'static str {
        const OFFSETS: [u32; 12] = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4];
        let year = u32::from(self.year) - u32::from(self.month < 3 && self.year > 0);
        let offset = OFFSETS[usize::from(self.month.clamp(1, 12) - 1)];
        let day = year + year / 4 - year / 100 + year / 400 + offset + u32::from(self.day);
        DAYS[(day % 7) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_as_python_does() {
        let date = Date { year: 2024, month: 7, day: 6 };
        assert_eq!(
            date.format("%d %b %Y, %A %-d.%-m.%y %H:%M %%").unwrap(),
            "06 Jul 2024, Saturday 6.7.24 00:00 %"
        );
        assert_eq!(Date::default().format("%a %B %F").unwrap(), "Thu January 2026-01-01");
        assert_eq!(date.format("%Q"), None);
    }
}
