//! Tags: TagResource, UntagResource and ListTagsForResource, and the tags of requests that make a resource.
//!
//! Source: `TagList`, `TagKey`, `TagValue` and `TaggableResourcesArn` in the service model of `bedrock`.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::matching;
use crate::error::{ErrorKind, WireError};
use crate::json::{self, Node, Wording};

/// Most tags of a resource.
pub const MAX_TAGS: usize = 50;
/// Most tags or keys in a request, in the service model.
const MAX_IN_REQUEST: usize = 200;
const MAX_KEY: usize = 128;
const MAX_VALUE: usize = 256;
const ARN_LENGTH: (usize, usize) = (20, 1011);
const PATTERN: &str = r"[a-zA-Z0-9\s._:/=+@-]*";
/// Beginning of keys that only AWS itself may set.
const RESERVED: &str = "aws:";

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tag {
    /// 1 to 128 characters.
    pub key: String,
    /// Up to 256 characters.
    pub value: String,
}

/// The ARN of something that an account owns.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceArn {
    /// For example `us-east-1`.
    pub region: String,
    /// Twelve digits.
    pub account: String,
    /// Its kind, for example `application-inference-profile`.
    pub kind: String,
    /// What follows the kind and its slash.
    pub id: String,
}

impl std::fmt::Display for ResourceArn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { region, account, kind, id } = self;
        write!(f, "arn:aws:bedrock:{region}:{account}:{kind}/{id}")
    }
}

/// TagResource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagResource {
    /// What is tagged.
    pub resource: ResourceArn,
    /// Tags to add, or whose values to replace. No key stands twice.
    pub tags: Vec<Tag>,
}

/// UntagResource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UntagResource {
    /// What loses tags.
    pub resource: ResourceArn,
    /// The keys of the tags to take away.
    pub keys: Vec<String>,
}

/// Reads the body of TagResource.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_tag_resource(body: &[u8]) -> Result<TagResource, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Modelled).read(|fields| {
        let resource = read_arn(&fields.require("resourceARN")?)?;
        Ok(TagResource { resource, tags: read_tags(&fields.require("tags")?)? })
    })
}

/// Reads the body of UntagResource.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_untag_resource(body: &[u8]) -> Result<UntagResource, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Modelled).read(|fields| {
        let resource = read_arn(&fields.require("resourceARN")?)?;
        let keys = fields.require("tagKeys")?;
        let keys = keys.items_within(0, MAX_IN_REQUEST)?.map(|node| read_key(&node));
        Ok(UntagResource { resource, keys: keys.collect::<Result<_, _>>()? })
    })
}

/// Reads the body of ListTagsForResource.
///
/// # Errors
/// A ValidationException that names the field.
pub fn parse_list_tags(body: &[u8]) -> Result<ResourceArn, WireError> {
    let value = json::parse(body)?;
    Node::root(&value, Wording::Modelled).read(|fields| read_arn(&fields.require("resourceARN")?))
}

/// The body of ListTagsForResource's response.
#[must_use]
pub fn encode_list_tags(tags: &[Tag]) -> Value {
    let tags: Vec<_> =
        tags.iter().map(|Tag { key, value }| json!({"key": key, "value": value})).collect();
    json!({"tags": tags})
}

/// The error for a resource that would have more than [`MAX_TAGS`] tags; one that is being made has no ARN yet.
#[must_use]
pub fn too_many_tags(resource: Option<&ResourceArn>) -> WireError {
    let mut error = WireError::new(
        ErrorKind::TooManyTags,
        format!("The number of tags exceeds the limit of {MAX_TAGS} tags for a resource."),
    );
    error.resource = resource.map(ToString::to_string);
    error
}

/// The error for an ARN that names nothing of the caller's.
#[must_use]
pub fn resource_not_found() -> WireError {
    WireError::not_found(
        "The specified resource Amazon Resource Name (ARN) was not found. Check the ARN and try your request again.",
    )
}

/// A list of tags in which no key stands twice.
pub(super) fn read_tags(node: &Node<'_>) -> Result<Vec<Tag>, WireError> {
    let mut keys = HashSet::new();
    let tags = node.items_within(0, MAX_IN_REQUEST)?.map(|tag| {
        tag.read(|fields| {
            let node = fields.require("key")?;
            let key = read_key(&node)?;
            if key.to_ascii_lowercase().starts_with(RESERVED) {
                return Err(
                    node.error(format_args!("keys that begin with '{RESERVED}' are reserved"))
                );
            }
            if !keys.insert(key.clone()) {
                return Err(node.error(format_args!("the key '{}' stands twice", json::cut(&key))));
            }
            Ok(Tag { key, value: read_value(&fields.require("value")?)? })
        })
    });
    tags.collect()
}

fn read_key(node: &Node<'_>) -> Result<String, WireError> {
    matching(node, MAX_KEY, PATTERN, |text| text.chars().all(is_tag_char)).map(str::to_owned)
}

fn read_value(node: &Node<'_>) -> Result<String, WireError> {
    if node.text()?.is_empty() {
        return Ok(String::new());
    }
    matching(node, MAX_VALUE, PATTERN, |text| text.chars().all(is_tag_char)).map(str::to_owned)
}

/// `[a-zA-Z0-9\s._:/=+@-]`
fn is_tag_char(each: char) -> bool {
    let space = each.is_ascii_whitespace() || each == '\u{b}';
    each.is_ascii_alphanumeric() || space || "._:/=+@-".contains(each)
}

fn read_arn(node: &Node<'_>) -> Result<ResourceArn, WireError> {
    let text = node.text_within(ARN_LENGTH.0, ARN_LENGTH.1)?;
    parse_arn(text).ok_or_else(|| {
        let modelled = "Member must satisfy regular expression pattern: \
             arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:[a-z0-9-]+/[a-zA-Z0-9-:._/]+";
        node.constraint(Some(text), modelled, modelled)
    })
}

/// `arn:PARTITION:bedrock:REGION:ACCOUNT:KIND/ID`
fn parse_arn(text: &str) -> Option<ResourceArn> {
    let mut parts = text.splitn(6, ':');
    let (arn, partition, service) = (parts.next()?, parts.next()?, parts.next()?);
    let (region, account, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (kind, id) = rest.split_once('/')?;
    let label = |text: &str| {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        !text.is_empty() && text.bytes().all(plain)
    };
    let partition_ok = partition == "aws" || partition.starts_with("aws-") && label(partition);
    let account_ok = account.len() == 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    let id_ok = !id.is_empty()
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-:._/".contains(&byte));
    let good = (arn, service) == ("arn", "bedrock")
        && partition_ok
        && label(region)
        && region.len() <= 20
        && account_ok
        && label(kind)
        && id_ok;
    good.then(|| ResourceArn {
        region: region.to_owned(),
        account: account.to_owned(),
        kind: kind.to_owned(),
        id: id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str =
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abcdefghijkl";

    fn tag(body: &Value) -> Result<TagResource, String> {
        parse_tag_resource(body.to_string().as_bytes()).map_err(|error| error.message)
    }

    fn one(key: &str, value: &str) -> Result<TagResource, String> {
        tag(&json!({"resourceARN": ARN, "tags": [{"key": key, "value": value}]}))
    }

    #[test]
    fn tags_are_read_as_they_stand() {
        let read = one("cost center", "R&D".replace('&', "+").as_str()).unwrap();
        assert_eq!(read.tags, [Tag { key: "cost center".into(), value: "R+D".into() }]);
        assert_eq!(read.resource.to_string(), ARN);
        assert_eq!(
            (&*read.resource.kind, &*read.resource.id),
            ("application-inference-profile", "abcdefghijkl")
        );
        assert_eq!(one(&"k".repeat(128), "").unwrap().tags[0].value, "");
        assert!(one("k", &"v".repeat(256)).is_ok());
        let none = tag(&json!({"resourceARN": ARN, "tags": []}));
        assert_eq!(none.unwrap().tags, []);
    }

    #[test]
    fn refusals_name_the_tag() {
        let null = "Member must not be null";
        let pattern = "Member must satisfy regular expression pattern";
        let cases = [
            (json!({"tags": []}), "'resourceARN'", null),
            (json!({"resourceARN": ARN}), "'tags'", null),
            (json!({"resourceARN": ARN, "tags": [{"key": "a"}]}), "'tags.0.value'", null),
            (json!({"resourceARN": ARN, "tags": [{"value": "a"}]}), "'tags.0.key'", null),
            (json!({"resourceARN": ARN, "tags": {}}), "tags", "expected a list"),
            (
                json!({"resourceARN": ARN, "tags": [{"key": "a", "value": "b", "c": 1}]}),
                "#/tags/0",
                "[c]",
            ),
            (
                json!({"resourceARN": "abcdefghijklmnopqrstuvwxyz", "tags": []}),
                "'resourceARN'",
                pattern,
            ),
            (
                json!({"resourceARN": "short", "tags": []}),
                "'resourceARN'",
                "greater than or equal to 20",
            ),
        ];
        for (body, place, why) in cases {
            let message = tag(&body).unwrap_err();
            assert!(message.contains(place) && message.contains(why), "{body}: {message}");
        }
        for (key, value, place, why) in [
            ("", "v", "'tags.0.key'", "greater than or equal to 1"),
            ("ü", "v", "'tags.0.key'", pattern),
            ("k", "v!", "'tags.0.value'", pattern),
            ("aws:x", "v", "tags.0.key", "reserved"),
            ("AWS:x", "v", "tags.0.key", "reserved"),
        ] {
            let message = one(key, value).unwrap_err();
            assert!(message.contains(place) && message.contains(why), "{key}: {message}");
        }
        let message = one(&"k".repeat(129), "v").unwrap_err();
        assert!(message.contains("'tags.0.key'") && message.contains("less than or equal to 128"));
        let message = one("k", &"v".repeat(257)).unwrap_err();
        assert!(
            message.contains("'tags.0.value'") && message.contains("less than or equal to 256")
        );
    }

    #[test]
    fn a_key_stands_once_and_a_call_has_at_most_200() {
        let pair = |key: &str| json!({"key": key, "value": ""});
        let twice = json!({"resourceARN": ARN, "tags": [pair("a"), pair("A"), pair("a")]});
        assert!(tag(&twice).unwrap_err().contains("tags.2.key: the key 'a' stands twice"));
        let many =
            |count: usize| -> Vec<Value> { (0..count).map(|n| pair(&n.to_string())).collect() };
        assert_eq!(tag(&json!({"resourceARN": ARN, "tags": many(200)})).unwrap().tags.len(), 200);
        let message = tag(&json!({"resourceARN": ARN, "tags": many(201)})).unwrap_err();
        assert!(message.contains("'tags'") && message.contains("less than or equal to 200"));
    }

    #[test]
    fn keys_to_take_away_are_read_and_checked() {
        let read = |body: Value| parse_untag_resource(body.to_string().as_bytes());
        let good = read(json!({"resourceARN": ARN, "tagKeys": ["a", "aws:b"]})).unwrap();
        assert_eq!(good.keys, ["a", "aws:b"]);
        let error = read(json!({"resourceARN": ARN, "tagKeys": ["a", ""]})).unwrap_err();
        assert!(error.message.contains("'tagKeys.1'"), "{error}");
        let error = read(json!({"resourceARN": ARN})).unwrap_err();
        assert!(error.message.contains("'tagKeys'"), "{error}");
    }

    #[test]
    fn only_arns_of_resources_that_an_account_owns_are_taken() {
        for good in [
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/abc",
            "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:inference-profile/us-gov.a.b-v1:0",
            "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.titan:1/abcdefghijkl",
        ] {
            assert!(
                parse_list_tags(json!({"resourceARN": good}).to_string().as_bytes()).is_ok(),
                "{good}"
            );
        }
        for bad in [
            "arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude",
            "arn:aws:s3:us-east-1:123456789012:bucket/abcdef",
            "arn:aws:bedrock:us-east-1:12345678901:guardrail/abcdef",
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/",
            "arn:aws:bedrock:us-east-1:123456789012:guardrail/a b",
            "arn:awsome:bedrock:us-east-1:123456789012:guardrail/ab",
        ] {
            let error =
                parse_list_tags(json!({"resourceARN": bad}).to_string().as_bytes()).unwrap_err();
            assert_eq!(error.kind, ErrorKind::Validation, "{bad}");
        }
    }

    #[test]
    fn answers_have_their_shape() {
        let tags = [Tag { key: "a".into(), value: "b".into() }];
        assert_eq!(encode_list_tags(&tags).to_string(), r#"{"tags":[{"key":"a","value":"b"}]}"#);
        assert_eq!(encode_list_tags(&[]).to_string(), r#"{"tags":[]}"#);
        let arn = parse_arn(ARN).unwrap();
        let error = too_many_tags(Some(&arn));
        assert_eq!((error.kind.code(), error.kind.status()), ("TooManyTagsException", 400));
        assert_eq!(error.body()["resourceName"], ARN);
        assert_eq!(too_many_tags(None).body().get("resourceName"), None);
    }
}
