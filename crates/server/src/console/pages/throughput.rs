//! What went through the server.

use axum::extract::State;
use maud::{Markup, html};
use oxisim_sms::CivilTime;

use super::page;
use crate::console::{Console, Hour, Problem, Throughput, Visitor};

// Units of the drawing: of a bar, of the space between two hours, of the highest bar.
const WIDTH: u64 = 20;
const GAP: u64 = 6;
const HEIGHT: u64 = 240;

pub(in crate::console) async fn show(
    State(console): State<Console>,
    visitor: Visitor,
) -> Result<Markup, Problem> {
    let now = console.now();
    let Throughput { hours, subscribers, open, complete, failed, is_partial } =
        console.work(move |inner| inner.desk.throughput(now)).await?;
    let figures = [
        ("Subscribers", subscribers, "/subscribers"),
        ("Backups open", open, "/subscribers?state=open"),
        ("Complete", complete, "/subscribers?state=complete"),
        ("Failed", failed, "/subscribers?state=failed"),
    ];
    let body = html! {
        h1 { "Throughput" }
        ul.tiles {
            @for (name, count, path) in figures {
                li { a href=(path) { strong.figures { (grouped(count)) @if is_partial { "+" } } span { (name) } } }
            }
        }
        section.panel {
            h2 { "Messages in the last " (hours.len()) " hours" }
            @if hours.iter().all(|hour| hour.incoming + hour.outgoing == 0) {
                div.empty { p { "No message in this time." } }
            } @else {
                p.legend { span.key.in {} " to the server " span.key.out {} " from the server" }
                (chart(&hours))
                p.hours aria-hidden="true" {
                    @for hour in hours.iter().step_by(6) {
                        span { (format!("{:02}:00", CivilTime::from_instant(hour.at, 0).hour)) }
                    }
                }
                details {
                    summary { "As a table" }
                    table {
                        thead { tr { th { "From" } th.right { "To the server" } th.right { "From the server" } } }
                        tbody {
                            @for hour in &hours {
                                tr {
                                    td data-label="From" { (super::time(hour.at)) }
                                    td.right data-label="To the server" { (grouped(hour.incoming)) }
                                    td.right data-label="From the server" { (grouped(hour.outgoing)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    Ok(page(&visitor, "Throughput", "/throughput", &body))
}

/// Two bars for each hour.
fn chart(hours: &[Hour]) -> Markup {
    let most = hours.iter().map(|hour| hour.incoming.max(hour.outgoing)).max().unwrap_or(0).max(1);
    let width = hours.len() as u64 * (2 * WIDTH + GAP);
    let bar = |count: u64| (u128::from(count) * u128::from(HEIGHT)).div_ceil(u128::from(most)) as u64;
    html! {
        p.scale { "At most " strong.figures { (grouped(most)) } " an hour" }
        svg.chart viewBox={ "0 0 " (width) " " (HEIGHT) } preserveAspectRatio="none" role="img"
            aria-label="Messages of each hour; the table below has the figures" {
            @for (place, hour) in (0_u64..).zip(hours) {
                @let left = place * (2 * WIDTH + GAP);
                @let (incoming, outgoing) = (bar(hour.incoming), bar(hour.outgoing));
                rect.in x=(left) y=(HEIGHT - incoming) width=(WIDTH) height=(incoming) {}
                rect.out x=(left + WIDTH) y=(HEIGHT - outgoing) width=(WIDTH) height=(outgoing) {}
            }
        }
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push('\u{202F}');
        }
        out.push(digit);
    }
    out
}
