//! A chart: data for the script that draws it, and in words what it shows.

use maud::{Markup, PreEscaped, html};
use serde::{Serialize, Serializer};

/// A chart of lines over one x axis.
#[derive(Debug, Clone, Serialize)]
pub struct Chart {
    /// Above it.
    #[serde(skip)]
    pub title: String,
    /// In words what it shows: for who can't see it, and below it for who looks in a hurry.
    #[serde(skip)]
    pub told: String,
    /// What the x axis counts.
    #[serde(rename = "xu")]
    pub x_unit: X,
    /// Ascending; every series has a value for each.
    #[serde(serialize_with = "compact")]
    pub x: Vec<f64>,
    /// Names of the points, for [`X::Number`].
    #[serde(rename = "xl", skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// Where the x axis begins and ends, if not with its first and last point.
    #[serde(flatten)]
    pub span: Option<Span>,
    /// The y axis.
    pub y: Y,
    /// The lines, the most important one last: it is drawn over the others.
    #[serde(rename = "s")]
    pub series: Vec<Series>,
    /// Shaded stretches of the x axis.
    #[serde(rename = "win", skip_serializing_if = "Vec::is_empty")]
    pub windows: Vec<Window>,
    /// Upright lines.
    #[serde(rename = "m", skip_serializing_if = "Vec::is_empty")]
    pub marks: Vec<Mark>,
    /// Dashed level lines.
    #[serde(rename = "lim", skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<Limit>,
    /// Stretches that are marked as bad at the bottom.
    #[serde(rename = "rug", skip_serializing_if = "Vec::is_empty")]
    pub bad: Vec<(f64, f64)>,
    /// Charts of one group share cursor and zoom. Empty: none.
    #[serde(rename = "g", skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// In CSS pixels.
    #[serde(rename = "h")]
    pub height: u32,
}

/// What an x axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum X {
    /// Seconds since the experiment's start.
    #[serde(rename = "s")]
    Seconds,
    /// Seconds since the epoch.
    #[serde(rename = "date")]
    Date,
    /// log₁₀(1 / (1 − p)): 1 is P90, 2 is P99. The scale of HdrHistogram's plots.
    #[serde(rename = "nines")]
    Nines,
    /// 0, 1, 2, …
    #[serde(rename = "n")]
    Number,
}

/// The ends of an x axis.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Span {
    /// Where it begins.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
}

/// A y axis.
#[derive(Debug, Clone, Serialize)]
pub struct Y {
    /// Of its values.
    #[serde(rename = "u")]
    pub unit: Unit,
    /// On a logarithmic scale; values of 0 are not drawn then.
    pub log: bool,
    /// It begins here, unless a value is smaller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    /// It reaches this, unless a value is larger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
}

/// A unit of values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Unit {
    /// As claims and probes write it: `s`, `%`, `/s`, nothing, or any other text.
    Text(String),
}

impl Unit {
    /// Microseconds.
    pub fn micros() -> Self {
        Self::Text("us".to_owned())
    }

    /// As claims and probes write it: `s`, `%`, `/s`, or nothing.
    pub fn of(unit: &str) -> Self {
        Self::Text(unit.to_owned())
    }
}

/// A line.
#[derive(Debug, Clone, Serialize)]
pub struct Series {
    /// Its name.
    #[serde(rename = "l")]
    pub label: String,
    /// Its colour.
    #[serde(rename = "c")]
    pub color: Color,
    /// How it is drawn; lines that cross should differ in this, too.
    #[serde(rename = "d", skip_serializing_if = "Dash::is_solid")]
    pub dash: Dash,
    /// Its width in CSS pixels.
    #[serde(rename = "w")]
    pub width: f64,
    /// Its values; a gap where there is none.
    #[serde(rename = "v", serialize_with = "compact_or_null")]
    pub values: Vec<Option<f64>>,
    /// Each value is a point, too.
    #[serde(rename = "p", skip_serializing_if = "is_false")]
    pub points: bool,
    /// Each value holds until the next one.
    #[serde(rename = "t", skip_serializing_if = "is_false")]
    pub steps: bool,
    /// The area beneath it is filled.
    #[serde(rename = "f", skip_serializing_if = "is_false")]
    pub filled: bool,
}

impl Series {
    /// A solid line.
    pub fn new(label: impl Into<String>, color: Color, values: Vec<Option<f64>>) -> Self {
        Self {
            label: label.into(),
            color,
            dash: Dash::Solid,
            width: 1.6,
            values,
            points: false,
            steps: false,
            filled: false,
        }
    }
}

/// Colours that stay apart for colour-blind eyes, in both schemes (after Okabe and Ito).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Color {
    Blue,
    Green,
    Red,
    Purple,
    Amber,
    Grey,
}

impl Color {
    const fn name(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Green => "green",
            Self::Red => "red",
            Self::Purple => "purple",
            Self::Amber => "amber",
            Self::Grey => "grey",
        }
    }
}

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[allow(missing_docs)]
pub enum Dash {
    Solid,
    Dashed,
    Dotted,
}

impl Dash {
    fn is_solid(&self) -> bool {
        *self == Self::Solid
    }
}

/// A shaded stretch.
#[derive(Debug, Clone, Serialize)]
pub struct Window {
    /// Where it begins.
    #[serde(rename = "a")]
    pub from: f64,
    /// Where it ends.
    #[serde(rename = "b")]
    pub to: f64,
    /// What it is.
    #[serde(rename = "k")]
    pub kind: WindowKind,
}

/// What a shaded stretch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowKind {
    /// A fault is active.
    Fault,
    /// The system comes back.
    Recovery,
}

/// An upright line.
#[derive(Debug, Clone, Serialize)]
pub struct Mark {
    /// Where.
    pub x: f64,
    /// What it stands for: `inject`, `confirm`, `clear`, `steady`, `guard`, `change`.
    #[serde(rename = "k")]
    pub kind: &'static str,
}

/// A dashed level line.
#[derive(Debug, Clone, Serialize)]
pub struct Limit {
    /// Where.
    pub y: f64,
    /// What it says.
    #[serde(rename = "l")]
    pub label: String,
    /// From here on; from the left edge if `None`.
    #[serde(rename = "a", skip_serializing_if = "Option::is_none")]
    pub from: Option<f64>,
    /// Up to here.
    #[serde(rename = "b", skip_serializing_if = "Option::is_none")]
    pub to: Option<f64>,
}

impl Chart {
    /// A chart without lines so far.
    pub fn new(title: impl Into<String>, x_unit: X, x: Vec<f64>, unit: Unit) -> Self {
        Self {
            title: title.into(),
            told: String::new(),
            x_unit,
            x,
            names: Vec::new(),
            span: None,
            y: Y { unit, log: false, min: None, max: None },
            series: Vec::new(),
            windows: Vec::new(),
            marks: Vec::new(),
            limits: Vec::new(),
            bad: Vec::new(),
            group: String::new(),
            height: 150,
        }
    }

    /// The chart in a page; `table` holds its figures for whoever wants them as numbers (may be empty).
    pub fn figure(&self, table: &Markup) -> Markup {
        let json = json(self);
        html! {
            figure.chart {
                figcaption {
                    span.title { (self.title) }
                    @if !self.series.is_empty() {
                        span.legend {
                            @for series in self.series.iter().rev() { (key(series)) }
                            span.at aria-hidden="true" {}
                        }
                    }
                }
                // Room from the start, so that nothing moves when it is drawn.
                div.plot tabindex="0" role="group" style={ "min-height:" (self.height) "px" }
                    aria-label={ (self.title) ": arrow keys move through its values" } {}
                p.told { (self.told) }
                @if !table.0.is_empty() {
                    details.fold { summary { "Figures" } div.scroll { (table) } }
                }
                script type="application/json" { (PreEscaped(json)) }
            }
        }
    }
}

/// A line of the legend: a sample of the line, its name, room for its value at the cursor.
fn key(series: &Series) -> Markup {
    let dash = match series.dash {
        Dash::Solid => "",
        Dash::Dashed => "6 4",
        Dash::Dotted => "2 3",
    };
    let style = format!("stroke:var(--{});stroke-width:{}", series.color.name(), series.width + 0.6);
    html! {
        span.key {
            svg aria-hidden="true" viewBox="0 0 22 10" { line x1="0" x2="22" y1="5" y2="5" style=(style) stroke-dasharray=(dash) {} }
            span { (series.label) } " " output {}
        }
    }
}

/// JSON that may stand in a `<script>`: nothing in it ends that, or a line.
pub(super) fn json(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned());
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn is_false(value: &bool) -> bool {
    !value
}

/// Four digits are more than a screen shows, and whole numbers need no point.
#[derive(Debug, Clone, Copy)]
struct Short(f64);

impl Serialize for Short {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let v = self.0;
        if !v.is_finite() {
            return serializer.serialize_none();
        }
        if v.fract() == 0.0 && v.abs() < 1e15 {
            return serializer.serialize_i64(v as i64);
        }
        let digits = (4 - v.abs().log10().floor() as i32).clamp(0, 12);
        let power = 10_f64.powi(digits);
        let rounded = (v * power).round() / power;
        if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
            serializer.serialize_i64(rounded as i64)
        } else {
            serializer.serialize_f64(rounded)
        }
    }
}

fn compact<S: Serializer>(values: &[f64], serializer: S) -> Result<S::Ok, S::Error> {
    // Instants are exact to the millisecond.
    serializer.collect_seq(values.iter().map(|v| Instant(*v)))
}

/// A place on the x axis.
#[derive(Debug, Clone, Copy)]
struct Instant(f64);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let rounded = (self.0 * 1e3).round() / 1e3;
        if rounded.fract() == 0.0 && rounded.abs() < 1e15 {
            serializer.serialize_i64(rounded as i64)
        } else if rounded.is_finite() {
            serializer.serialize_f64(rounded)
        } else {
            serializer.serialize_i64(0)
        }
    }
}

fn compact_or_null<S: Serializer>(values: &[Option<f64>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(values.iter().map(|v| v.map(Short)))
}
