//! CloudTrail: which calls were denied, read from events in any of the forms in which people have them.
//!
//! Pure: it is given bytes and says what they hold. Events without an `errorCode` of a denial are passed
//! over without being parsed. Nothing of an event is kept but who, what, which resource, the request
//! context, the text of the error and, of an AssumeRole* call, its parameters.

pub mod action;
mod ask;
mod blocks;
pub mod codes;
mod container;
mod context;
mod denial;
mod event;
mod fill;
mod group;
mod resource;
mod said;
mod scan;
mod sql;
mod table;
#[cfg(test)]
mod tests;

pub use ask::request;
pub use denial::{Call, Denial, Denials, Reason};
pub use event::{Event, Identity, Parameters, Session};
pub use group::{Filter, Group, Groups};
pub use scan::{Damage, Piece, Scanner, Sink, Totals};
pub use sql::{Dialect, query};
pub use table::{Table, is_table};

/// Reads a piece of a stream, and gives the events in it to `take`; whether it can be read.
pub fn read(piece: Piece, bytes: &[u8], take: &mut dyn FnMut(Event<'_>)) -> bool {
    match piece {
        Piece::Event => event::read(bytes, take),
        Piece::Row => table::row(bytes, take),
        Piece::Page => table::page(bytes, take),
    }
}
