//! Events of CloudTrail's event history, for the last denials of somebody.

use std::time::Duration;

use aws_config::Region;
use aws_sdk_cloudtrail::primitives::DateTime;
use aws_sdk_cloudtrail::types::{LookupAttribute, LookupAttributeKey};
use futures_util::future::join_all;
use jiff::Timestamp;

use super::call::{Question, Reader, failure};
use super::session::Session;
use crate::collect::operations::Operation;

/// Which events.
#[derive(Clone, Debug)]
pub struct Lookup {
    /// The name under which CloudTrail has the caller: a user's name, or a session's.
    pub user: String,
    /// The Regions to look in, besides the session's own.
    pub regions: Vec<String>,
    /// Not before this.
    pub since: Timestamp,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Looked {
    /// The Regions that were looked in.
    pub regions: Vec<String>,
    /// How many events were read.
    pub events: usize,
    /// Whether there are more, which were not read.
    pub more: bool,
    /// Why something was not read.
    pub why: Option<String>,
}

/// AWS allows two such calls in a second, for 50 events each.
const PAGES: usize = 20;

pub(super) async fn look(
    reader: &Reader<'_>,
    session: &Session,
    of: &Lookup,
    take: &dyn Fn(&str) -> bool,
) -> Looked {
    let own = session.config.region().map(|region| region.as_ref().to_owned());
    let mut regions: Vec<String> = own.into_iter().chain(of.regions.iter().cloned()).collect();
    regions.sort_unstable();
    regions.dedup();
    let all = regions.iter().map(|region| in_region(reader, session, of, region, take));
    let mut whole = Looked::default();
    for one in join_all(all).await {
        whole.events += one.events;
        whole.more |= one.more;
        whole.why = whole.why.or(one.why);
    }
    whole.regions = regions;
    whole
}

async fn in_region(
    reader: &Reader<'_>,
    session: &Session,
    of: &Lookup,
    region: &str,
    take: &dyn Fn(&str) -> bool,
) -> Looked {
    let config = session.config.clone().into_builder().region(Region::new(region.to_owned()));
    let client = aws_sdk_cloudtrail::Client::new(&config.build());
    let mut looked = Looked::default();
    let attribute = LookupAttribute::builder()
        .attribute_key(LookupAttributeKey::Username)
        .attribute_value(&of.user)
        .build();
    let mut next = None;
    for page in 0..PAGES {
        let request = client
            .lookup_events()
            .set_lookup_attributes(attribute.as_ref().ok().cloned().map(|one| vec![one]))
            .start_time(DateTime::from_secs(of.since.as_second()))
            .set_next_token(next.take())
            .send();
        let which = format!("{region} {page}");
        let asks = Question {
            session: session.id(),
            account: None,
            operation: Operation::LookupEvents,
            about: None,
            which: Some(&which),
        };
        let got = match reader.ask(asks, request).await {
            Some(Ok(got)) => got,
            Some(Err(error)) => {
                looked.why = Some(failure(&error, Duration::from_secs(10)).1);
                return looked;
            }
            None => return looked,
        };
        let mut found = false;
        for event in got.events() {
            looked.events += 1;
            found |= event.cloud_trail_event().is_some_and(take);
        }
        next = got.next_token().map(str::to_owned);
        if found || next.is_none() {
            return looked;
        }
    }
    looked.more = true;
    looked
}
