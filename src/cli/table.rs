//! Tables: padded columns, no borders.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::printable::escaped;
use crate::client::cuda_words::Standing;

/// Between two columns.
const GAP: usize = 2;
/// On a terminal no column but the last is wider, so that one absurd name does not push the rest out of sight.
const WIDEST: usize = 48;

/// What a cell says by its colour too; never by its colour alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Good,
    Bad,
}

impl From<Standing> for Tone {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Well => Self::Good,
            Standing::Bad => Self::Bad,
            Standing::Lacking | Standing::Idle | Standing::Unknown => Self::Plain,
        }
    }
}

impl Tone {
    fn paint(self, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Good => format!("\u{1b}[32m{text}\u{1b}[0m"),
            Self::Bad => format!("\u{1b}[31m{text}\u{1b}[0m"),
        }
    }
}

/// Where text goes, and what that can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) terminal: bool,
    pub(super) colour: bool,
}

/// One cell.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    text: String,
    tone: Tone,
    whole: bool,
}

impl Cell {
    /// Text from anywhere; it is made harmless.
    pub(super) fn new(text: &str) -> Self {
        Self::toned(text, Tone::Plain)
    }

    pub(super) fn toned(text: &str, tone: Tone) -> Self {
        Self { text: escaped(text), tone, whole: false }
    }

    /// Text that is of no use when it is cut, such as an address.
    pub(super) fn whole(text: &str) -> Self {
        Self { whole: true, ..Self::new(text) }
    }
}

/// The table as text, a line for each row and one for the head. A head of empty names is left out.
pub(super) fn render<const N: usize>(head: [&str; N], rows: &[[Cell; N]], style: Style) -> String {
    let head = head.map(Cell::new);
    let with_head = head.iter().any(|cell| !cell.text.is_empty());
    let lines: Vec<[Cell; N]> = with_head.then_some(head).into_iter().chain(rows.iter().cloned()).collect();
    let lines: Vec<[Cell; N]> =
        lines.into_iter().map(|line| if style.terminal { cut_all(line) } else { line }).collect();
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.text.width().max(*width);
        }
    }
    lines.iter().map(|line| one_line(line, &widths, style) + "\n").collect()
}

fn one_line<const N: usize>(line: &[Cell; N], widths: &[usize; N], style: Style) -> String {
    let mut out = String::new();
    let mut blanks = 0;
    for (cell, width) in line.iter().zip(widths) {
        // Blanks are written only before something: no line ends in them.
        if !cell.text.is_empty() {
            out.push_str(&" ".repeat(blanks));
            blanks = 0;
            let shown = if style.terminal { held_in_place(&cell.text) } else { cell.text.clone() };
            out.push_str(&if style.colour { cell.tone.paint(&shown) } else { shown });
        }
        blanks += width - cell.text.width() + GAP;
    }
    out
}

fn cut_all<const N: usize>(mut line: [Cell; N]) -> [Cell; N] {
    for cell in line.iter_mut().take(N - 1) {
        if !cell.whole && cell.text.width() > WIDEST {
            cell.text = cut(&cell.text, WIDEST);
        }
    }
    line
}

fn cut(text: &str, widest: usize) -> String {
    let mut width = 1;
    let fits = |c: &char| {
        width += c.width().unwrap_or_default();
        width <= widest
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// On a terminal that knows writing directions, a cell written from right to left would change places with its
/// neighbour if that begins with a digit. Left-to-right marks, which take no room, keep it where it is.
fn held_in_place(text: &str) -> String {
    let from_right = |c| {
        matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{feff}'
            | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}')
    };
    if text.contains(from_right) { format!("\u{200e}{text}\u{200e}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(names: &[&str]) -> Vec<[Cell; 3]> {
        names.iter().map(|name| [Cell::new(name), Cell::toned("failing", Tone::Bad), Cell::new("12 s")]).collect()
    }

    const TERMINAL: Style = Style { terminal: true, colour: false };

    #[test]
    fn columns_align_and_no_line_ends_in_blanks() {
        let mut rows = rows(&["selkies", "x"]);
        rows[1][2] = Cell::new("");
        let text = render(["SERVICE", "HEALTH", "SINCE"], &rows, Style::default());
        assert_eq!(text, "SERVICE  HEALTH   SINCE\nselkies  failing  12 s\nx        failing\n");
    }

    #[test]
    fn whatever_a_name_is_made_of_the_next_column_stands_where_it_should() {
        let names = ["桌面", "שלום", "e\u{301}", "a\nb\u{1b}[2J", &"long ".repeat(2_000), "👩‍💻", "plain"];
        let text = render(["SERVICE", "HEALTH", "SINCE"], &rows(&names), TERMINAL);
        let columns: Vec<usize> =
            text.lines().skip(1).map(|line| line[..line.find("failing").unwrap()].width()).collect();
        assert_eq!(columns, vec![WIDEST + GAP; names.len()], "{text}");
        assert!(!text.contains('\u{1b}'));
        let address = "http://localhost/".repeat(10);
        assert!(render(["", ""], &[[Cell::whole(&address), Cell::new("")]], TERMINAL).contains(&address));
    }

    #[test]
    fn scripts_get_names_whole_and_unmarked() {
        let long = "x".repeat(10_000);
        let text = render(["", "", ""], &rows(&[&long, "שלום"]), Style::default());
        assert!(text.contains(&long) && !text.contains('\u{200e}'));
        assert!(!text.starts_with('\n'));
    }

    #[test]
    fn colour_is_added_to_the_word() {
        let text = render(["", "", ""], &rows(&["x"]), Style { terminal: true, colour: true });
        assert_eq!(text, "x  \u{1b}[31mfailing\u{1b}[0m  12 s\n");
    }
}
