//! Time as pixels.

use oxisim_wire::Duration;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Seconds between two ticks that people like; beyond the last its multiples.
const STEPS: [u64; 20] = [
    1,
    2,
    5,
    10,
    15,
    30,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];

/// Least distance of two ticks.
const TICK_PIXELS: u64 = 70;

/// Where on the page a time is.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// Pixel of the user's request.
    pub left: i32,
    /// Pixel of the last time that is shown.
    pub right: i32,
    /// What lies between.
    pub span: Duration,
}

impl Scale {
    /// From `left` to `right`, at least a second.
    pub fn new(left: i32, right: i32, span: Duration) -> Self {
        Self { left, right, span: span.max(Duration::from_secs(1)) }
    }

    /// Whether the time is shown.
    pub fn shows(&self, at: Duration) -> bool {
        at <= self.span
    }

    /// Where the time is; what is later than all that is shown is at the right end.
    pub fn x(&self, at: Duration) -> i32 {
        let pixels = u128::from(at.min(self.span).as_micros()) * u128::from(self.pixels())
            / u128::from(self.span.as_micros());
        self.left + pixels as i32
    }

    /// How many seconds apart the ticks are.
    fn step(&self) -> u64 {
        let least = (self.span.as_secs_ceil() * TICK_PIXELS).div_ceil(self.pixels().max(1));
        let [.., longest] = STEPS;
        let multiple = least.div_ceil(longest) * longest;
        STEPS.into_iter().find(|step| *step >= least).unwrap_or(multiple)
    }

    /// The times that the axis names.
    pub fn ticks(&self) -> Vec<Duration> {
        let step = self.step();
        (0..=self.span.as_secs() / step).map(|n| Duration::from_secs(n * step)).collect()
    }

    fn pixels(&self) -> u64 {
        u64::try_from(self.right - self.left).unwrap_or(0)
    }
}

/// `0`, `30 s`, `1 min`, `1:30 min`, `2 h`, `2:15 h`, `3 d`.
pub fn time_text(at: Duration) -> String {
    let seconds = at.as_secs();
    let with = |unit: u64, part: u64, name: &str| match seconds % unit / part {
        0 => format!("{} {name}", seconds / unit),
        rest => format!("{}:{rest:02} {name}", seconds / unit),
    };
    match seconds {
        0 => "0".into(),
        1..MINUTE => format!("{seconds} s"),
        MINUTE..HOUR => with(MINUTE, 1, "min"),
        HOUR..DAY => with(HOUR, MINUTE, "h"),
        _ if seconds.is_multiple_of(DAY) => format!("{} d", seconds / DAY),
        _ => with(HOUR, MINUTE, "h"),
    }
}

/// The longest time that people would name and that is no longer than this one; at least a second.
pub fn round_down(span: Duration) -> Duration {
    let [shortest, ..] = STEPS;
    let step = STEPS.into_iter().rfind(|step| *step <= span.as_secs());
    Duration::from_secs(step.unwrap_or(shortest))
}
