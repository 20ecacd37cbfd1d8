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
    /// Reads `ForAnyValue:StringLikeIfExists` and the like; `None` if there is no such operator.
    /// Names are taken in AWS's exact spelling, since no page says that case does not count.
    pub fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some(("ForAllValues", rest)) => (Some(SetQualifier::ForAllValues), rest),
            Some(("ForAnyValue", rest)) => (Some(SetQualifier::ForAnyValue), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let find = |name: &str| TABLE.iter().find(|row| row.name == name);
        if let Some(row) = find(rest) {
            return Some(Self { row, set, if_exists: false });
        }
        let row = find(rest.strip_suffix("IfExists")?)?;
        (row.family != Family::Null).then_some(Self { row, set, if_exists: true })
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
        assert_eq!(Operator::parse("stringequals"), None);
    }
}
