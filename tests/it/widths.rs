//! Lines keep to the width that was asked for, unless a word is longer than a line.

use crate::support::{command, finish, richard, with};

/// What cannot be broken: an ARN or a path longer than what is left of the line.
fn unbreakable(line: &str, width: usize) -> bool {
    let longest = line.split_whitespace().map(|word| word.chars().count()).max().unwrap_or(0);
    let indent = line.chars().take_while(|letter| *letter == ' ').count();
    longest + indent > width || longest + 12 > width
}

fn at_width(options: &[String], width: &str) -> String {
    let mut program = command(options);
    program.env("COLUMNS", width);
    let ran = finish(program);
    format!("{}{}", ran.stdout, ran.stderr)
}

const SITUATIONS: [&str; 6] = [
    "01-no-grant",
    "04-mfa",
    "06-source-ip",
    "07-caller-deny",
    "08-trust-deny",
    "09-expired-session",
];

#[test]
fn no_line_is_wider_than_the_terminal() {
    for situation in SITUATIONS {
        for width in [60, 80, 200] {
            let broken = ["--facts", "fixtures/inputs/broken", "--verbose"];
            let options = with(richard(situation), &broken);
            let printed = at_width(&options, &width.to_string());
            // A warning is one line of stderr, so that it can be searched for.
            for line in printed.lines().filter(|line| !line.starts_with("warning: ")) {
                let wide = line.chars().count();
                assert!(
                    wide <= width || unbreakable(line, width),
                    "{situation}: {wide} of {width} columns:\n{line}"
                );
            }
        }
    }
}

#[test]
fn a_width_beyond_reason_is_brought_back() {
    let narrow = at_width(&richard("01-no-grant"), "1");
    assert_eq!(narrow, at_width(&richard("01-no-grant"), "60"));
    let wide = at_width(&richard("01-no-grant"), "100000");
    assert_eq!(wide, at_width(&richard("01-no-grant"), "200"));
    assert_eq!(at_width(&richard("01-no-grant"), "x"), at_width(&richard("01-no-grant"), "80"));
}

#[test]
fn no_line_ends_in_blanks() {
    for situation in SITUATIONS {
        for line in at_width(&richard(situation), "80").lines() {
            assert_eq!(line.trim_end(), line, "{situation}");
        }
    }
}

#[test]
fn there_is_no_colour_without_a_terminal_unless_asked_for() {
    let escape = '\u{1b}';
    let plain = at_width(&richard("07-caller-deny"), "80");
    assert!(!plain.contains(escape));
    let mut program = command(&richard("07-caller-deny"));
    program.env_remove("NO_COLOR");
    assert_eq!(finish(program).stdout, plain, "a pipe is no terminal");
    let options = with(richard("07-caller-deny"), &["--color", "always"]);
    let coloured = at_width(&options, "80");
    assert!(coloured.contains(escape), "asking outweighs NO_COLOR");
    let never = with(richard("07-caller-deny"), &["--color", "never"]);
    assert_eq!(at_width(&never, "80"), plain);
}

#[test]
fn colour_changes_no_word() {
    let plain = at_width(&richard("08-trust-deny"), "80");
    let options = with(richard("08-trust-deny"), &["--color", "always"]);
    let coloured = at_width(&options, "80");
    let mut stripped = String::new();
    let mut parts = coloured.split('\u{1b}');
    stripped.push_str(parts.next().unwrap());
    for part in parts {
        stripped.push_str(part.split_once('m').unwrap().1);
    }
    assert_eq!(stripped, plain);
}

#[test]
fn a_dumb_terminal_gets_ascii() {
    let mut program = command(&richard("08-trust-deny"));
    program.env("TERM", "dumb");
    let ran = finish(program);
    assert!(ran.stdout.is_ascii(), "{}", ran.stdout);
    let mut program = command(&richard("08-trust-deny"));
    program.env("LC_ALL", "C");
    let ran = finish(program);
    assert!(ran.stdout.is_ascii(), "{}", ran.stdout);
}
