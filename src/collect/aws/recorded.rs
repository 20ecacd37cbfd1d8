//! What AWS itself recorded of a denial: the details behind an authorization id, and what an encoded
//! authorization message says. Both come back as AWS's own client prints them, so that whatever reads
//! such outputs from files reads them too.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use super::call::{Question, Reader, failure};
use super::session::Session;
use crate::collect::operations::Operation;

/// What to ask for.
#[derive(Clone)]
pub enum Recorded {
    /// The details behind this authorization id.
    Authorization(String),
    /// What this encoded authorization message says. It is a secret.
    Encoded(String),
}

/// No record is longer, so that a server that always promises a next page is left at some time.
const PAGES: usize = 100;

pub(super) async fn ask(
    reader: &Reader<'_>,
    session: &Session,
    of: &Recorded,
) -> Result<String, String> {
    match of {
        Recorded::Authorization(id) => details(reader, session, id).await,
        Recorded::Encoded(encoded) => decoded(reader, session, encoded).await,
    }
}

/// Keeps the bodies of the answers as they came: they have more members than this version of the SDK.
#[derive(Clone, Debug, Default)]
struct Bodies(Arc<Mutex<Vec<Vec<u8>>>>);

impl Intercept for Bodies {
    fn name(&self) -> &'static str {
        "bodies"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let (Ok(mut bodies), Some(bytes)) = (self.0.lock(), context.response().body().bytes()) {
            bodies.push(bytes.to_owned());
        }
        Ok(())
    }
}

fn asks<'q>(session: &Session, operation: Operation, which: &'q str) -> Question<'q> {
    Question { session: session.id(), account: None, operation, about: None, which: Some(which) }
}

async fn details(reader: &Reader<'_>, session: &Session, id: &str) -> Result<String, String> {
    let client = aws_sdk_iamtoolbox::Client::new(&session.config);
    let bodies = Bodies::default();
    let mut whole: Option<Value> = None;
    let mut next = None;
    for page in 0..PAGES {
        let request = client
            .get_request_authorization_details()
            .authorization_id(id)
            .set_next_token(next.take())
            .customize()
            .interceptor(bodies.clone())
            .send();
        let which = format!("{id} {page}");
        let asks = asks(session, Operation::GetRequestAuthorizationDetails, &which);
        let Some(came) = reader.ask(asks, request).await else { break };
        let got = came.map_err(|error| {
            let (code, why) = failure(&error, TIME);
            match code.as_deref() {
                Some("ResourceNotFoundException") => {
                    "AWS knows no such id in this Region: it keeps them for a day or so, each in the Region \
                     of the denied call, which `--region` names"
                        .to_owned()
                }
                _ => why,
            }
        })?;
        let body = bodies.0.lock().ok().and_then(|mut bodies| bodies.pop());
        let body = body.and_then(|body| serde_json::from_slice::<Value>(&body).ok());
        let Some(body) = body.filter(Value::is_object) else {
            return Err("what came back cannot be read".to_owned());
        };
        match &mut whole {
            None => whole = Some(body),
            Some(whole) => append(whole, body),
        }
        next = got.next_token().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    whole.map(|whole| format!("{whole:#}")).ok_or_else(|| "nothing came back".to_owned())
}

/// Adds the lists of the next page.
fn append(whole: &mut Value, page: Value) {
    let Value::Object(members) = page else { return };
    for (name, value) in members {
        if let Value::Array(more) = value
            && let Some(Value::Array(items)) = whole.get_mut(&name)
        {
            items.extend(more);
        }
    }
}

const TIME: Duration = Duration::from_secs(10);

async fn decoded(reader: &Reader<'_>, session: &Session, encoded: &str) -> Result<String, String> {
    let request = session.sts.decode_authorization_message().encoded_message(encoded).send();
    // INVARIANT: nothing of the message goes into a key that is shown.
    let which = sha1_smol::Sha1::from(encoded).digest().to_string();
    let asks = asks(session, Operation::DecodeAuthorizationMessage, &which);
    let Some(came) = reader.ask(asks, request).await else {
        return Err("it has been asked for before".to_owned());
    };
    let got = came.map_err(|error| {
        let (code, why) = failure(&error, TIME);
        match code.as_deref() {
            Some("InvalidAuthorizationMessageException" | "InvalidAuthorizationMessage") => {
                "AWS cannot decode it: it is not whole, or of another account or partition"
                    .to_owned()
            }
            _ => why,
        }
    })?;
    let text = got.decoded_message().unwrap_or_default();
    let value: Value =
        serde_json::from_str(text).map_err(|_| "what came back cannot be read".to_owned())?;
    Ok(format!("{value:#}"))
}
