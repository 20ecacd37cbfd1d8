//! A server on the loopback that answers as it is told: by itself, or by passing on to an emulator.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// The operation: `iam:GetRole`.
    pub(crate) operation: String,
    /// Everything, for the emulator and to tell requests apart.
    bytes: Vec<u8>,
    /// The body.
    pub(crate) body: String,
    /// The path with its query.
    pub(crate) path: String,
    /// The Region that it is signed for.
    pub(crate) region: String,
}

/// What to answer.
pub(crate) enum Reply {
    /// A whole response: status, type of content, body.
    Whole(u16, &'static str, String),
    /// As it comes from the emulator at this port.
    Pass(u16),
    /// These bytes, and then the end.
    Raw(Vec<u8>),
    /// Nothing for so long, and then what is inside.
    Late(Duration, Box<Reply>),
}

/// A refusal in the form of the service.
pub(crate) fn refusal(request: &Request) -> Reply {
    let (service, name) = request.operation.split_once(':').unwrap();
    let said = format!(
        "User: arn:aws:iam::111122223333:user/reader is not authorized to perform: {}",
        request.operation
    );
    match service {
        "iam" | "sts" | "sns" => error(403, "AccessDenied", &said),
        "s3" => Reply::Whole(
            403,
            "application/xml",
            format!("<Error><Code>AccessDenied</Code><Message>{said}</Message></Error>"),
        ),
        _ => {
            let _ = name;
            json_error(400, "AccessDeniedException", &said)
        }
    }
}

/// An error of a service that speaks XML.
pub(crate) fn error(status: u16, code: &str, said: &str) -> Reply {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{said}</Message></Error><RequestId>r</RequestId></ErrorResponse>"
    );
    Reply::Whole(status, "text/xml", body)
}

/// An error of a service that speaks JSON.
pub(crate) fn json_error(status: u16, code: &str, said: &str) -> Reply {
    let body = format!(r#"{{"__type":"{code}","message":"{said}","Message":"{said}"}}"#);
    Reply::Whole(status, "application/x-amz-json-1.1", body)
}

/// A server and what it was asked.
pub(crate) struct Stub {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Stub {
    pub(crate) fn start(answer: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (answer, log) = (Arc::new(answer), Arc::clone(&asked));
        // It ends with the test program.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || serve(stream, &*answer, &log));
            }
        });
        Self { port, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The operations that were asked for, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|request| request.operation.clone()).collect()
    }

    /// The bodies of the requests for an operation.
    pub(crate) fn bodies(&self, operation: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|one| one.operation == operation).map(|one| one.body.clone()).collect()
    }

    /// Requests that came twice: the same operation with the same body and path.
    pub(crate) fn repeated(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        let mut seen = std::collections::BTreeSet::new();
        let twice = asked.iter().filter(|one| {
            !seen.insert((one.operation.clone(), one.body.clone(), one.path.clone()))
        });
        twice.map(|one| format!("{} {} {}", one.operation, one.path, one.body)).collect()
    }
}

fn serve(
    mut stream: TcpStream,
    answer: &(dyn Fn(&Request) -> Reply + Send + Sync),
    log: &Mutex<Vec<Request>>,
) {
    while let Some(request) = read(&mut stream) {
        log.lock().unwrap().push(request.clone());
        if reply(&mut stream, &request, answer(&request)).is_none() {
            break;
        }
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn reply(stream: &mut TcpStream, request: &Request, reply: Reply) -> Option<()> {
    match reply {
        Reply::Whole(status, kind, body) => {
            let head = format!(
                "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nx-amzn-RequestId: r\r\n\r\n",
                body.len()
            );
            stream.write_all(head.as_bytes()).ok()?;
            stream.write_all(body.as_bytes()).ok()?;
            Some(())
        }
        Reply::Pass(port) => {
            let mut other = TcpStream::connect(("127.0.0.1", port)).ok()?;
            other.write_all(&request.bytes).ok()?;
            let answer = whole(&mut other)?;
            stream.write_all(&answer).ok()?;
            Some(())
        }
        Reply::Raw(bytes) => {
            stream.write_all(&bytes).ok()?;
            None
        }
        Reply::Late(time, inner) => {
            thread::sleep(time);
            self::reply(stream, request, *inner)
        }
    }
}

/// A message with a length: head and body.
fn whole(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16_384];
    loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
            if let Some(length) = length {
                let length: usize = length.trim().parse().ok()?;
                if bytes.len() >= end + 4 + length {
                    return Some(bytes);
                }
            } else if head.contains("transfer-encoding: chunked") {
                if bytes.ends_with(b"0\r\n\r\n") {
                    return Some(bytes);
                }
            } else {
                return Some(bytes);
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return (!bytes.is_empty()).then_some(bytes),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

fn read(stream: &mut TcpStream) -> Option<Request> {
    let bytes = whole(stream)?;
    let end = find(&bytes, b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let body = String::from_utf8_lossy(&bytes[end + 4..]).into_owned();
    let mut lines = head.lines();
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    let header = |name: &str| {
        head.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let signed = header("authorization").unwrap_or_default();
    let mut scope = signed.split("/aws4_request").next().unwrap_or_default().rsplit('/');
    let mut scoped = || scope.next().unwrap_or_default().to_owned();
    let (service, region) = (scoped(), scoped());
    let operation = match header("x-amz-target") {
        Some(target) => {
            let name = target.rsplit('.').next().unwrap_or_default().to_owned();
            format!("{service}:{name}")
        }
        None if path.contains("authorization-details") => {
            "iam-toolbox:GetRequestAuthorizationDetails".to_owned()
        }
        None => match body.split('&').find_map(|part| part.strip_prefix("Action=")) {
            Some(name) => format!("{service}:{name}"),
            None if service == "s3" => "s3:GetBucketPolicy".to_owned(),
            None if service == "lambda" => "lambda:GetPolicy".to_owned(),
            None => format!("{service}:{path}"),
        },
    };
    Some(Request { operation, bytes, body, path, region })
}
