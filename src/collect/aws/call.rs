//! The one place that waits for AWS: each call is made once, and what came of it is written down.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::future::Future;
use std::io;
use std::time::Duration;

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::Value;

use super::{Identity, NoIdentity, Options};
use crate::collect::answers::{Answer, Outcome};
use crate::collect::operations::Operation;

/// Told of each call: when it begins, and when it has ended.
pub type Progress<'p> = &'p dyn Fn(Event<'_>);

/// What happens to a call.
#[derive(Clone, Copy, Debug)]
pub enum Event<'e> {
    /// It is made: which, and about whom.
    Begins(Operation, &'e str),
    /// It has ended.
    Ends,
}

type Key = (usize, Operation, String, Option<String>);

/// Makes the calls and keeps the answers.
pub(super) struct Reader<'p> {
    progress: Progress<'p>,
    limit: tokio::sync::Semaphore,
    claimed: RefCell<BTreeSet<Key>>,
    /// Calls that have not come back, each with the account that asks.
    open: RefCell<BTreeMap<Key, Option<String>>>,
    answers: RefCell<Vec<Answer>>,
    identity: RefCell<Option<Result<Identity, NoIdentity>>>,
    remarks: RefCell<Vec<String>>,
    calls: Cell<usize>,
    timeout: Duration,
}

/// How many calls are on their way at a time.
const AT_ONCE: usize = 24;

/// Who asks what about whom.
#[derive(Clone, Copy)]
pub(super) struct Question<'q> {
    /// Tells sessions apart.
    pub(super) session: usize,
    /// The account of the credentials.
    pub(super) account: Option<&'q str>,
    pub(super) operation: Operation,
    pub(super) about: Option<&'q str>,
    pub(super) which: Option<&'q str>,
}

/// What became of a call.
pub(super) enum Came<T> {
    /// An answer.
    Back(T),
    /// AWS says that there is none.
    None,
    /// Nothing; it is written down.
    Nothing,
    /// The call had been made before.
    Before,
}

impl<T> Came<T> {
    pub(super) fn back(self) -> Option<T> {
        match self {
            Self::Back(answer) => Some(answer),
            _ => None,
        }
    }
}

impl<'p> Reader<'p> {
    pub(super) fn new(options: &Options, progress: Progress<'p>) -> Self {
        Self {
            progress,
            limit: tokio::sync::Semaphore::new(AT_ONCE),
            claimed: RefCell::default(),
            open: RefCell::default(),
            answers: RefCell::default(),
            identity: RefCell::default(),
            remarks: RefCell::default(),
            calls: Cell::new(0),
            timeout: options.timeout,
        }
    }

    pub(super) fn push(&self, answer: Answer) {
        self.answers.borrow_mut().push(answer);
    }

    pub(super) fn remark(&self, remark: String) {
        self.remarks.borrow_mut().push(remark);
    }

    pub(super) fn set_identity(&self, identity: &Result<Identity, NoIdentity>) {
        *self.identity.borrow_mut() = Some(identity.clone());
    }

    /// Who asks, as far as that has been found out.
    pub(super) fn identity(&self) -> Option<Result<Identity, NoIdentity>> {
        self.identity.borrow().clone()
    }

    /// What was remarked meanwhile.
    pub(super) fn remarks(&self) -> Vec<String> {
        self.remarks.take()
    }

    /// Makes a call without keeping its answer; `None` if it has been made before.
    pub(super) async fn ask<T, E>(
        &self,
        question: Question<'_>,
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    ) -> Option<Result<T, SdkError<E, Response>>> {
        let key = (
            question.session,
            question.operation,
            question.about.unwrap_or_default().to_owned(),
            question.which.map(str::to_owned),
        );
        if !self.claimed.borrow_mut().insert(key.clone()) {
            return None;
        }
        self.open.borrow_mut().insert(key.clone(), question.account.map(str::to_owned));
        // INVARIANT: the semaphore is never closed.
        let permit = self.limit.acquire().await.ok();
        (self.progress)(Event::Begins(question.operation, question.about.unwrap_or_default()));
        self.calls.set(self.calls.get() + 1);
        let result = request.await;
        drop(permit);
        self.open.borrow_mut().remove(&key);
        (self.progress)(Event::Ends);
        Some(result)
    }

    /// Makes a call and writes down what came of it. `absent` are AWS's codes for "there is none".
    pub(super) async fn call<T, E: ProvideErrorMetadata>(
        &self,
        question: Question<'_>,
        absent: &[&str],
        request: impl Future<Output = Result<T, SdkError<E, Response>>>,
        to_json: impl FnOnce(&T) -> Value,
    ) -> Came<T> {
        let Some(result) = self.ask(question, request).await else { return Came::Before };
        let (outcome, came) = match result {
            Ok(answer) => (Outcome::Answer(to_json(&answer)), Came::Back(answer)),
            Err(error) => match failure(&error, self.timeout) {
                (Some(code), _) if absent.contains(&code.as_str()) => {
                    (Outcome::Answer(Value::Null), Came::None)
                }
                (code, why) => (Outcome::Nothing { code, why }, Came::Nothing),
            },
        };
        self.push(Answer {
            operation: Some(question.operation),
            account: question.account.map(str::to_owned),
            about: question.about.map(str::to_owned),
            which: question.which.map(str::to_owned),
            outcome,
        });
        came
    }

    /// Writes down that what has not come back by now never will.
    pub(super) fn give_up(&self, after: Duration) {
        for ((_, operation, about, which), account) in std::mem::take(&mut *self.open.borrow_mut())
        {
            self.push(Answer {
                operation: Some(operation),
                account,
                about: Some(about).filter(|about| !about.is_empty()),
                which,
                outcome: Outcome::Nothing {
                    code: None,
                    why: format!(
                        "no answer within {} s; `--timeout` gives it more",
                        after.as_secs()
                    ),
                },
            });
        }
    }

    /// The answers in an order that does not depend on when they came.
    pub(super) fn finish(&self) -> (Vec<Answer>, usize) {
        let mut answers = self.answers.take();
        // As the files would be read that `collect` writes of them.
        answers.sort_by_cached_key(Answer::file_name);
        (answers, self.calls.get())
    }
}

/// AWS's code, and what happened in words that hold nothing but words of ours and the code.
pub(super) fn failure<E: ProvideErrorMetadata>(
    error: &SdkError<E, Response>,
    timeout: Duration,
) -> (Option<String>, String) {
    match error {
        SdkError::ServiceError(_) => {
            let code = error.code().map(str::to_owned);
            let status = error.raw_response().map(|response| response.status().as_u16());
            let why = match (&code, status) {
                (Some(code), _) if is_throttling(code) => {
                    format!("AWS throttled it ({code}), also when it was tried again")
                }
                (Some(code), _) if is_denial(code) => format!("AWS refused it ({code})"),
                (Some(code), Some(500..)) => format!("AWS failed ({code})"),
                (Some(code), _) => format!("AWS answered {code}"),
                (None, Some(403)) => "AWS refused it, with HTTP status 403".to_owned(),
                (None, Some(status)) => {
                    format!("what came back, with HTTP status {status}, is no answer of AWS")
                }
                (None, None) => "what came back is no answer of AWS".to_owned(),
            };
            let code = code.or_else(|| (status == Some(403)).then(|| "AccessDenied".to_owned()));
            (code, why)
        }
        SdkError::ResponseError(raw) => {
            let status = raw.raw().status().as_u16();
            let why = format!("what came back, with HTTP status {status}, cannot be read");
            (None, why)
        }
        _ => (None, way(error).words(timeout)),
    }
}

/// Where a call ended that never came to AWS, or whose answer never came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The host's name does not resolve.
    NoSuchHost,
    /// Nobody listens there.
    Refused,
    /// The host's certificate is not trusted, or TLS failed otherwise.
    Certificate,
    /// The connection broke off.
    BrokenOff,
    /// There was no connection in time.
    NoConnection,
    /// There was a connection, and no answer in time.
    NoAnswer,
    /// Nobody knows.
    Elsewhere,
}

impl Way {
    pub(super) fn words(self, timeout: Duration) -> String {
        match self {
            Self::NoSuchHost => "the host name of the endpoint does not resolve".to_owned(),
            Self::Refused => "the endpoint refused the connection".to_owned(),
            Self::Certificate => "the endpoint's certificate is not trusted".to_owned(),
            Self::BrokenOff => "the connection to the endpoint broke off".to_owned(),
            Self::NoConnection => "there was no connection to the endpoint in time".to_owned(),
            Self::NoAnswer => {
                format!("there was no answer in time, within {} s", timeout.as_secs().min(10))
            }
            Self::Elsewhere => "the call could not be sent".to_owned(),
        }
    }
}

/// Where a call ended that has no answer of AWS.
pub(super) fn way<E>(error: &SdkError<E, Response>) -> Way {
    match error {
        SdkError::TimeoutError(_) => Way::NoAnswer,
        SdkError::DispatchFailure(failed) => {
            let inner = failed.as_connector_error().and_then(Error::source);
            match inner.map_or(Way::Elsewhere, way_of) {
                Way::Elsewhere if failed.is_timeout() => Way::NoConnection,
                Way::Elsewhere if failed.is_io() => Way::BrokenOff,
                way => way,
            }
        }
        _ => Way::Elsewhere,
    }
}

/// By the causes of an error: types where they can be named, words where they cannot.
pub(super) fn way_of(error: &(dyn Error + 'static)) -> Way {
    let mut at = Some(error);
    while let Some(one) = at {
        let text = one.to_string();
        if text.starts_with("dns error") || text.contains("failed to lookup address") {
            return Way::NoSuchHost;
        }
        if text.contains("certificate") {
            return Way::Certificate;
        }
        match one.downcast_ref::<io::Error>().map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => return Way::Refused,
            Some(io::ErrorKind::TimedOut) => return Way::NoConnection,
            Some(
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof,
            ) => return Way::BrokenOff,
            _ => at = one.source(),
        }
    }
    Way::Elsewhere
}

fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling" | "ThrottlingException" | "TooManyRequestsException" | "RequestLimitExceeded"
    )
}

fn is_denial(code: &str) -> bool {
    code.starts_with("AccessDenied") || code.starts_with("UnauthorizedOperation")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error with another behind it, as those between the SDK and the system are.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Around(&'static str, #[source] io::Error);

    #[test]
    fn the_way_is_told_by_the_cause() {
        let of = |words, kind, inner| way_of(&Around(words, io::Error::new(kind, inner)));
        let other = io::ErrorKind::Other;
        assert_eq!(of("tcp connect error", io::ErrorKind::ConnectionRefused, "no"), Way::Refused);
        assert_eq!(of("dns error", other, "failed to lookup address information"), Way::NoSuchHost);
        assert_eq!(
            of("connect", other, "invalid peer certificate: UnknownIssuer"),
            Way::Certificate
        );
        assert_eq!(of("tcp connect error", io::ErrorKind::TimedOut, "no"), Way::NoConnection);
        assert_eq!(of("connection error", io::ErrorKind::ConnectionReset, "no"), Way::BrokenOff);
        assert_eq!(of("something", other, "else"), Way::Elsewhere);
    }
}
