//! Lambda functions, which need the FIS extension as a layer and a place in S3 where it finds its orders.

use super::entry::{ANY_TIME, Entry, Kind, PERCENT, optional, required};
use super::permission::{FIND_BY_TAG, Permission, on};

const ORDERS: &[&str] = &["{fis_config}*"];
const PERMISSIONS: &[Permission] = &[
    on("s3:PutObject", ORDERS),
    on("s3:DeleteObject", ORDERS),
    on("lambda:GetFunction", &["arn:{partition}:lambda:{region}:{account}:function:*"]),
    FIND_BY_TAG,
];

pub(super) const ENTRIES: &[Entry] = &[
    Entry::new("aws:lambda:invocation-add-delay", "delays the start of Lambda functions")
        .on("Functions", "aws:lambda:function")
        .taking(&[
            required("duration", ANY_TIME),
            optional("invocationPercentage", PERCENT),
            optional("startupDelayMilliseconds", Kind::Number { least: 0, most: 900_000 }),
        ])
        .lasting("duration")
        .needing(PERMISSIONS),
    Entry::new("aws:lambda:invocation-error", "lets invocations of Lambda functions fail")
        .on("Functions", "aws:lambda:function")
        .taking(&[
            required("duration", ANY_TIME),
            optional("invocationPercentage", PERCENT),
            required("preventExecution", Kind::Bool),
        ])
        .lasting("duration")
        .needing(PERMISSIONS),
    Entry::new("aws:lambda:invocation-http-integration-response", "answers HTTP requests in place of Lambda functions")
        .on("Functions", "aws:lambda:function")
        .taking(&[
            required("contentTypeHeader", Kind::Text),
            required("duration", ANY_TIME),
            optional("invocationPercentage", PERCENT),
            required("preventExecution", Kind::Bool),
            required("statusCode", Kind::Number { least: 0, most: 999 }),
        ])
        .lasting("duration")
        .needing(PERMISSIONS),
];
