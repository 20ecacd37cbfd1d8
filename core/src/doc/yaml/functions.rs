//! The short forms of CloudFormation's functions: a tag, which stands for an object with one key.
//!
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>

use saphyr_parser::Tag;

use super::{Builder, Open, to_u32};
use crate::doc::error::SyntaxError;
use crate::doc::{Content, Kind, NodeData, Style};

/// The long forms.
const LONG: [&str; 21] = [
    "Ref",
    "Condition",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::And",
    "Fn::Equals",
    "Fn::If",
    "Fn::Not",
    "Fn::Or",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Fn::ForEach",
];

/// The long form of a tag.
pub(super) fn long(tag: &Tag) -> Option<&'static str> {
    let own = tag.handle == "!";
    LONG.into_iter().find(|name| own && name.rsplit(':').next() == Some(&tag.suffix))
}

impl Builder<'_> {
    /// Opens the object that a tag stands for, and adds its key.
    pub(super) fn open_function(
        &mut self,
        name: &'static str,
        anchor: usize,
        start: usize,
        end: usize,
    ) -> Result<(), SyntaxError> {
        let rest = self.text.get(start..).unwrap_or("");
        let tag = start + rest.find('!').unwrap_or(0);
        let rest = self.text.get(tag..).unwrap_or("");
        let tag_end = tag + rest.find([' ', '\t', '\r', '\n']).unwrap_or(rest.len());
        self.open(Kind::Mapping, anchor, None, tag, end.max(tag))?;
        // Only a real bracket makes it a flow collection.
        if let Some(open) = self.open.last_mut() {
            open.flow = false;
        }
        if let Some(document) = &mut self.document {
            if let Some(node) = document.nodes.last_mut() {
                node.start = to_u32(tag);
            }
            document.decoded.push(name.into());
            document.nodes.push(NodeData {
                start: to_u32(tag),
                end: to_u32(tag_end),
                link: to_u32(document.decoded.len() - 1),
                kind: Kind::String,
                content: Content::Decoded(Style::Plain),
            });
        }
        self.item_read();
        Ok(())
    }

    /// Closes the object that a tag stands for.
    pub(super) fn close_function(&mut self) {
        if let Some(Open { flow: false, .. }) = self.open.last() {
            self.close(self.reached);
        }
    }
}
