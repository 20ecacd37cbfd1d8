//! The condition operators, one row each.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;

/// How the values of an operator are read and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Equal texts.
    String,
    /// Equal texts, whatever their case.
    StringIgnoreCase,
    /// Texts with `*` and `?`.
    StringLike,
    /// ARNs, part by part, with `*` and `?`.
    Arn,
    /// Numbers, compared as `Comparison` says.
    Numeric(Comparison),
    /// Moments, compared as `Comparison` says.
    Date(Comparison),
    /// `true` or `false`.
    Bool,
    /// Bytes written as base64.
    Binary,
    /// Addresses and CIDR blocks.
    Ip,
    /// Whether the key is there.
    Null,
}

/// How the request's value stands to the policy's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same.
    Equal,
    /// The request's is smaller or earlier.
    Less,
    /// Smaller or the same.
    LessOrEqual,
    /// The request's is larger or later.
    Greater,
    /// Larger or the same.
    GreaterOrEqual,
}

impl Comparison {
    /// Whether `request` compared with `policy` is what is asked for.
    pub fn holds(self, ordering: Ordering) -> bool {
        match self {
            Self::Equal => ordering.is_eq(),
            Self::Less => ordering.is_lt(),
            Self::LessOrEqual => ordering.is_le(),
            Self::Greater => ordering.is_gt(),
            Self::GreaterOrEqual => ordering.is_ge(),
        }
    }
}

/// One condition operator, without `IfExists` and set qualifier.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Its name, in AWS's spelling.
    pub name: &'static str,
    /// How values are compared.
    pub family: Family,
    /// Whether it holds where no value of the policy matches.
    pub negated: bool,
}

const fn row(name: &'static str, family: Family, negated: bool) -> Row {
    Row { name, family, negated }
}

/// Every operator.
pub static TABLE: &[Row] = &[
    row("StringEquals", Family::String, false),
    row("StringNotEquals", Family::String, true),
    row("StringEqualsIgnoreCase", Family::StringIgnoreCase, false),
    row("StringNotEqualsIgnoreCase", Family::StringIgnoreCase, true),
    row("StringLike", Family::StringLike, false),
    row("StringNotLike", Family::StringLike, true),
    row("ArnEquals", Family::Arn, false),
    row("ArnLike", Family::Arn, false),
    row("ArnNotEquals", Family::Arn, true),
    row("ArnNotLike", Family::Arn, true),
    row("NumericEquals", Family::Numeric(Comparison::Equal), false),
    row("NumericNotEquals", Family::Numeric(Comparison::Equal), true),
    row("NumericLessThan", Family::Numeric(Comparison::Less), false),
    row("NumericLessThanEquals", Family::Numeric(Comparison::LessOrEqual), false),
    row("NumericGreaterThan", Family::Numeric(Comparison::Greater), false),
    row("NumericGreaterThanEquals", Family::Numeric(Comparison::GreaterOrEqual), false),
    row("DateEquals", Family::Date(Comparison::Equal), false),
    row("DateNotEquals", Family::Date(Comparison::Equal), true),
    row("DateLessThan", Family::Date(Comparison::Less), false),
    row("DateLessThanEquals", Family::Date(Comparison::LessOrEqual), false),
    row("DateGreaterThan", Family::Date(Comparison::Greater), false),
    row("DateGreaterThanEquals", Family::Date(Comparison::GreaterOrEqual), false),
    row("Bool", Family::Bool, false),
    row("BinaryEquals", Family::Binary, false),
    row("IpAddress", Family::Ip, false),
    row("NotIpAddress", Family::Ip, true),
    row("Null", Family::Null, false),
];

/// `ForAllValues:` or `ForAnyValue:`.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SetQualifier {
    /// Every value of the request matches; true where there is none.
    ForAllValues,
    /// At least one value of the request matches; false where there is none.
    ForAnyValue,
}

impl SetQualifier {
    fn parse(text: &str) -> Option<Self> {
        match () {
            () if text.eq_ignore_ascii_case("ForAllValues") => Some(Self::ForAllValues),
            () if text.eq_ignore_ascii_case("ForAnyValue") => Some(Self::ForAnyValue),
            () => None,
        }
    }
}

/// An operator as a policy writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The operator itself.
    pub row: &'static Row,
    /// The set qualifier before it.
    pub set: Option<SetQualifier>,
    /// Whether `IfExists` follows it.
    pub if_exists: bool,
}

impl Operator {
    /// Reads `ForAnyValue:StringLikeIfExists` and the like, whatever its case; `None` if there is no
    /// such operator. Whether AWS takes another case than its own is documented nowhere: see
    /// [`Operator::is_spelled`].
    pub fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some((set, rest)) => (Some(SetQualifier::parse(set)?), rest),
            None => (None, text),
        };
        let find = |name: &str| TABLE.iter().find(|row| row.name.eq_ignore_ascii_case(name));
        if let Some(row) = find(rest) {
            return Some(Self { row, set, if_exists: false });
        }
        let (name, end) = rest.split_at_checked(rest.len().checked_sub(IF_EXISTS.len())?)?;
        let row = find(name).filter(|_| end.eq_ignore_ascii_case(IF_EXISTS))?;
        (row.family != Family::Null).then_some(Self { row, set, if_exists: true })
    }

    /// Whether `text` is this operator in AWS's own spelling.
    pub fn is_spelled(self, text: &str) -> bool {
        text == self.to_string()
    }
}

const IF_EXISTS: &str = "IfExists";

impl std::fmt::Display for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.set {
            Some(SetQualifier::ForAllValues) => f.write_str("ForAllValues:")?,
            Some(SetQualifier::ForAnyValue) => f.write_str("ForAnyValue:")?,
            None => {}
        }
        f.write_str(self.row.name)?;
        f.write_str(if self.if_exists { IF_EXISTS } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_read_in_all_its_forms() {
        for row in TABLE {
            let plain = Operator::parse(row.name);
            assert_eq!(plain, Some(Operator { row, set: None, if_exists: false }));
            let text = format!("ForAnyValue:{}IfExists", row.name);
            assert_eq!(Operator::parse(&text).is_some(), row.family != Family::Null);
        }
        assert_eq!(Operator::parse("StringMatches"), None);
        assert_eq!(Operator::parse("ForSomeValues:StringLike"), None);
        assert_eq!(Operator::parse("IfExists"), None);
        assert_eq!(Operator::parse("NullIfExists"), None);
    }

    #[test]
    fn case_is_not_needed_to_read_an_operator_and_told_apart() {
        for text in ["StringEquals", "ForAnyValue:ArnNotLikeIfExists", "ForAllValues:Null"] {
            let exact = Operator::parse(text).unwrap();
            assert!(exact.is_spelled(text), "{text}");
            let lower = text.to_lowercase();
            assert_eq!(Operator::parse(&lower), Some(exact));
            assert!(!exact.is_spelled(&lower), "{lower}");
        }
    }
}
