//! What the service knows of itself, for Prometheus.

use std::fmt::Write as _;

/// What the service knows of itself. A call must not wait for anything.
pub trait Vitals: Send + Sync + 'static {
    /// All that is counted and measured; without a subscriber's number in any label.
    fn metrics(&self) -> Vec<Metric>;

    /// Whether it can work now; if not, why.
    fn ready(&self) -> Result<(), String>;
}

/// What a metric counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
}

/// A metric with all its samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Its name: letters, digits and `_`.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// What it counts.
    pub kind: Kind,
    /// Its values.
    pub samples: Vec<Sample>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Names and values of its labels.
    pub labels: Vec<(&'static str, String)>,
    /// The value.
    pub value: f64,
}

impl Metric {
    /// A metric with one value and no labels.
    #[must_use]
    pub fn single(name: &'static str, help: &'static str, kind: Kind, value: f64) -> Self {
        Self { name, help, kind, samples: vec![Sample { labels: Vec::new(), value }] }
    }
}

/// Metrics in the text format of Prometheus, version 0.0.4.
pub(super) fn text(metrics: &[Metric]) -> String {
    let mut out = String::new();
    for Metric { name, help, kind, samples } in metrics {
        let kind = match kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let help = help.replace('\\', "\\\\").replace('\n', "\\n");
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for Sample { labels, value } in samples {
            let escape = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            let labels: Vec<_> =
                labels.iter().map(|(name, text)| format!("{name}=\"{}\"", escape(text))).collect();
            let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The format as its documentation has it: a line of help, one of the type, then the samples; in a label `\`, `"` and
    /// line feeds are escaped (Prometheus, "Exposition formats").
    #[test]
    fn metrics_are_written_in_the_text_format() {
        let binds = Metric {
            name: "oxisim_smpp_binds",
            help: "Binds that stand.",
            kind: Kind::Gauge,
            samples: vec![Sample {
                labels: vec![("route", "a\"\\\nb".into()), ("n", "1".into())],
                value: 2.0,
            }],
        };
        let taken = Metric::single("oxisim_messages_total", "Messages.", Kind::Counter, 1.5);
        assert_eq!(
            text(&[binds, taken]),
            "# HELP oxisim_smpp_binds Binds that stand.\n# TYPE oxisim_smpp_binds gauge\n\
             oxisim_smpp_binds{route=\"a\\\"\\\\\\nb\",n=\"1\"} 2\n\
             # HELP oxisim_messages_total Messages.\n# TYPE oxisim_messages_total counter\n\
             oxisim_messages_total 1.5\n"
        );
    }
}
