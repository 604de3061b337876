//! A table for a terminal; without color and padding at the end where it goes into a file.

use std::fmt;
use std::io::IsTerminal as _;

const BOLD: &str = "\u{1b}[1m";
const PLAIN: &str = "\u{1b}[0m";
/// Longer cells are cut on a terminal.
const LONGEST_CELL: usize = 44;

#[derive(Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
    is_terminal: bool,
}

impl Table {
    pub fn new<const N: usize>(head: [&str; N]) -> Table {
        let head = head.map(str::to_owned).to_vec();
        Table { rows: vec![head], is_terminal: std::io::stdout().is_terminal() }
    }

    pub fn add<const N: usize>(&mut self, row: [String; N]) {
        let visible = |cell: String| cell.chars().filter(|letter| !letter.is_control()).collect::<String>();
        self.rows.push(row.into_iter().map(visible).collect());
    }

    fn cell(&self, cell: &str) -> String {
        if self.is_terminal && cell.chars().count() > LONGEST_CELL {
            cell.chars().take(LONGEST_CELL - 1).chain(['…']).collect()
        } else {
            cell.to_owned()
        }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cells: Vec<Vec<String>> =
            self.rows.iter().map(|row| row.iter().map(|cell| self.cell(cell)).collect()).collect();
        let columns = cells.first().map_or(0, Vec::len);
        let width = |column: usize| cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in cells.iter().enumerate() {
            let line: Vec<String> =
                row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            let line = line.join("  ").trim_end().to_owned();
            match number == 0 && self.is_terminal {
                true => writeln!(f, "{BOLD}{line}{PLAIN}")?,
                false => writeln!(f, "{line}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_longest_cell_and_control_characters_are_left_out() {
        let mut table = Table { is_terminal: false, ..Table::new(["ID", "NAME"]) };
        table.add(["1".to_owned(), "Größe\u{1b}[31m".to_owned()]);
        table.add(["12345".to_owned(), String::new()]);
        assert_eq!(table.to_string(), "ID     NAME\n1      Größe[31m\n12345\n");
    }
}
