//! The policies of other resources, each from its own service and in its own Region.

use aws_config::{Region, SdkConfig};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use serde_json::{Value, json};

use super::call::{Question, Reader};
use super::session::Session;
use super::{Sessions, no_credentials, unasked};
use crate::collect::answers::document;
use crate::collect::operations::Operation;
use crate::policy::{Arn, is_account_id};

/// The operation that shows the policy of a resource, and the ARN of what holds it.
fn operation(arn: &Arn<'_>, whole: &str) -> Option<(Operation, String)> {
    let operation = match arn.service {
        "s3" if !arn.resource.contains(':') => {
            let bucket = arn.resource.split('/').next()?;
            let holder = format!("arn:{}:s3:::{bucket}", arn.partition);
            return Some((Operation::GetBucketPolicy, holder));
        }
        "kms" => Operation::GetKeyPolicy,
        "sqs" => Operation::GetQueueAttributes,
        "sns" => Operation::GetTopicAttributes,
        "lambda" => Operation::GetFunctionPolicy,
        "secretsmanager" => Operation::GetSecretPolicy,
        "ecr" => Operation::GetRepositoryPolicy,
        _ => return None,
    };
    Some((operation, whole.to_owned()))
}

/// The policy of `resource`, if its service has any.
pub(super) async fn policy(
    reader: &Reader<'_>,
    sessions: &Sessions<'_>,
    resource: &str,
    own: Option<&str>,
) {
    let Some(arn) = Arn::parse(resource) else { return };
    let Some((operation, holder)) = operation(&arn, resource) else { return };
    // A bucket's ARN says no account: those who were named for the resource's side are asked first.
    let named = Some(arn.account).filter(|account| is_account_id(account));
    let found = match named {
        Some(account) => sessions.of(account).map(|one| (one, account)),
        None => sessions.all.last().map(|(session, account)| (*session, account.as_str())),
    };
    let Some((session, account)) = found else {
        let account = named.or(own).unwrap_or("of the resource");
        return reader.push(unasked(operation, &holder, no_credentials(sessions, account)));
    };
    let asks = Question {
        session: session.id(),
        account: Some(account),
        operation,
        about: Some(&holder),
        which: None,
    };
    let config = config(session, &arn);
    match operation {
        Operation::GetBucketPolicy => bucket(reader, asks, &config, &holder).await,
        Operation::GetKeyPolicy => {
            let kms = aws_sdk_kms::Client::new(&config);
            let request = kms.get_key_policy().key_id(resource).send();
            keep(reader, asks, &[], request, |got| got.policy().map(document)).await;
        }
        Operation::GetQueueAttributes => queue(reader, asks, &config, &arn).await,
        Operation::GetTopicAttributes => {
            let sns = aws_sdk_sns::Client::new(&config);
            let request = sns.get_topic_attributes().topic_arn(resource).send();
            let policy =
                |got: &aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesOutput| {
                    got.attributes()?.get("Policy").map(|policy| document(policy))
                };
            keep(reader, asks, &[], request, policy).await;
        }
        Operation::GetFunctionPolicy => {
            let lambda = aws_sdk_lambda::Client::new(&config);
            let request = lambda.get_policy().function_name(resource).send();
            let none = ["ResourceNotFoundException"];
            keep(reader, asks, &none, request, |got| got.policy().map(document)).await;
        }
        Operation::GetSecretPolicy => {
            let secrets = aws_sdk_secretsmanager::Client::new(&config);
            let request = secrets.get_resource_policy().secret_id(resource).send();
            keep(reader, asks, &[], request, |got| got.resource_policy().map(document)).await;
        }
        Operation::GetRepositoryPolicy => {
            let ecr = aws_sdk_ecr::Client::new(&config);
            let name = arn.resource.strip_prefix("repository/").unwrap_or(arn.resource);
            let request =
                ecr.get_repository_policy().registry_id(arn.account).repository_name(name).send();
            let none = ["RepositoryPolicyNotFoundException"];
            keep(reader, asks, &none, request, |got| got.policy_text().map(document)).await;
        }
        _ => {}
    }
}

/// The session's configuration, in the Region of the resource.
fn config(session: &Session, arn: &Arn<'_>) -> SdkConfig {
    let config = session.config.clone();
    if arn.region.is_empty() {
        return config;
    }
    config.into_builder().region(Region::new(arn.region.to_owned())).build()
}

async fn keep<T, E: ProvideErrorMetadata>(
    reader: &Reader<'_>,
    asks: Question<'_>,
    none: &[&str],
    request: impl Future<Output = Result<T, SdkError<E, Response>>>,
    policy: impl FnOnce(&T) -> Option<Value>,
) {
    reader.call(asks, none, request, |got| json!({ "Policy": policy(got) })).await;
}

async fn bucket(reader: &Reader<'_>, asks: Question<'_>, config: &SdkConfig, holder: &str) {
    let name = holder.rsplit(':').next().unwrap_or_default();
    let send = |region: Option<Region>| {
        let config = match region {
            Some(region) => config.clone().into_builder().region(region).build(),
            None => config.clone(),
        };
        let plain = aws_sdk_s3::config::Builder::from(&config)
            // An address that is given is no domain that buckets could stand before.
            .force_path_style(config.endpoint_url().is_some() || name.contains('.'))
            .build();
        // Only the account that is asked for answers, so that an answer shows who owns the bucket.
        let owner = asks.account.map(str::to_owned);
        let request = aws_sdk_s3::Client::from_conf(plain).get_bucket_policy().bucket(name);
        request.set_expected_bucket_owner(owner).send()
    };
    let request = async {
        let came = send(None).await;
        // A bucket is asked for in its own Region, which S3 tells whoever asks elsewhere.
        let elsewhere = came.as_ref().err().and_then(|error| {
            let said = error.raw_response()?.headers().get("x-amz-bucket-region")?.to_owned();
            let is_other = config.region().is_none_or(|own| own.as_ref() != said);
            is_other.then(|| Region::new(said))
        });
        match elsewhere {
            Some(region) => send(Some(region)).await,
            None => came,
        }
    };
    let none = ["NoSuchBucketPolicy"];
    keep(reader, asks, &none, request, |got| got.policy().map(document)).await;
}

async fn queue(reader: &Reader<'_>, asks: Question<'_>, config: &SdkConfig, arn: &Arn<'_>) {
    let sqs = aws_sdk_sqs::Client::new(config);
    let request =
        sqs.get_queue_url().queue_name(arn.resource).queue_owner_aws_account_id(arn.account).send();
    let about = Question { operation: Operation::GetQueueUrl, ..asks };
    let print = |got: &aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput| json!({ "QueueUrl": got.queue_url() });
    let Some(got) = reader.call(about, &[], request, print).await.back() else { return };
    let Some(url) = got.queue_url() else { return };
    let name = aws_sdk_sqs::types::QueueAttributeName::Policy;
    let request = sqs.get_queue_attributes().queue_url(url).attribute_names(name.clone()).send();
    let policy = |got: &aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput| {
        got.attributes()?.get(&name).map(|policy| document(policy))
    };
    keep(reader, asks, &[], request, policy).await;
}
