//! Paragraphs of fields: the form of everything that apt and dpkg write, from lists of packages to sources.

/// One paragraph.
#[derive(Clone, Copy, Debug)]
pub struct Paragraph<'a>(&'a str);

/// The paragraphs of a text, in their order. What is between two empty lines is one.
pub fn paragraphs(text: &str) -> impl Iterator<Item = Paragraph<'_>> {
    text.split("\n\n").map(|text| Paragraph(text.trim_matches('\n'))).filter(|paragraph| !paragraph.0.is_empty())
}

impl<'a> Paragraph<'a> {
    /// The first line of a field; names are told apart without regard to their case.
    #[must_use]
    pub fn field(self, name: &str) -> Option<&'a str> {
        let mut lines = self.0.lines();
        lines.find_map(|line| value(line, name))
    }

    /// A field with all its lines, in one line. Lines that are comments are left out.
    #[must_use]
    pub fn folded(self, name: &str) -> Option<String> {
        let mut lines = self.0.lines().filter(|line| !line.starts_with('#'));
        let first = lines.find_map(|line| value(line, name))?;
        let rest = lines.take_while(|line| line.starts_with([' ', '\t'])).map(str::trim);
        let words: Vec<&str> = std::iter::once(first).chain(rest).filter(|line| !line.is_empty()).collect();
        Some(words.join(" "))
    }

    /// A field with all its lines as they are, but for the first character of each; an empty line is written as a dot.
    #[must_use]
    pub fn lines(self, name: &str) -> Option<String> {
        let mut lines = self.0.lines();
        let first = lines.find_map(|line| value(line, name))?;
        let rest = lines.take_while(|line| line.starts_with([' ', '\t'])).map(|line| &line[1..]);
        let rest: Vec<&str> = rest.map(|line| if line == "." { "" } else { line }).collect();
        Some(if first.is_empty() { rest.join("\n") } else { [&[first], rest.as_slice()].concat().join("\n") })
    }
}

fn value<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (field, value) = line.split_once(':')?;
    field.eq_ignore_ascii_case(name).then_some(value.trim())
}

/// The names in a field of relations, such as `Depends`: each alternative, without version and architecture.
pub fn related(field: &str) -> impl Iterator<Item = &str> {
    field.split([',', '|']).filter_map(|relation| {
        let name = relation.trim().split([' ', '(', '[', '<']).next()?;
        let name = name.split(':').next()?;
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_dpkg_means_them() {
        let text = "Package: a\nDepends: b (>= 1),\n c | d:any [amd64]\n# a remark\nSize: 12\n\n\n\nPackage: e\n\n";
        let found: Vec<_> = paragraphs(text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].field("package"), Some("a"));
        assert_eq!(found[0].field("Size"), Some("12"));
        assert_eq!(found[0].field("Version"), None);
        let depends = found[0].folded("Depends").expect("there");
        assert_eq!(related(&depends).collect::<Vec<_>>(), ["b", "c", "d"]);
        assert_eq!(found[1].field("Package"), Some("e"));
    }

    #[test]
    fn a_key_inside_a_field_keeps_its_lines() {
        let text = "Signed-By:\n -----BEGIN\n .\n mQ==\n -----END\nSuites: /\n";
        let key = paragraphs(text).next().and_then(|paragraph| paragraph.lines("Signed-By"));
        assert_eq!(key.as_deref(), Some("-----BEGIN\n\nmQ==\n-----END"));
    }

    #[test]
    fn nothing_is_no_paragraph() {
        assert_eq!(paragraphs("").count(), 0);
        assert_eq!(paragraphs(&"\n".repeat(100_001)).count(), 0);
        assert_eq!(related(", | ,").count(), 0);
    }
}
