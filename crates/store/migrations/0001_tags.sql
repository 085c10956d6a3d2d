-- Tags of resources of every kind. "resource" is an ARN from its kind on, for example
-- application-inference-profile/abcdefghijkl; whoever removes the resource removes its tags.
CREATE TABLE tags (
    account  TEXT NOT NULL,
    region   TEXT NOT NULL,
    resource TEXT NOT NULL,
    tag_key  TEXT NOT NULL,
    value    TEXT NOT NULL,
    PRIMARY KEY (account, region, resource, tag_key)
);
