-- Application inference profiles. Times are milliseconds since 1970. "geo" is the prefix of the system-defined profile
-- that one was copied from, absent for a copy of a foundation model. "request_token" and "request_digest" are those of
-- the call that made it, so that its repetition makes no second one.
CREATE TABLE inference_profiles (
    account        TEXT NOT NULL,
    region         TEXT NOT NULL,
    id             TEXT NOT NULL,
    name           TEXT NOT NULL,
    description    TEXT,
    model_id       TEXT NOT NULL,
    geo            TEXT,
    created_ms     BIGINT NOT NULL,
    request_token  TEXT,
    request_digest TEXT NOT NULL,
    PRIMARY KEY (account, region, id)
);

CREATE UNIQUE INDEX inference_profiles_by_token ON inference_profiles (account, region, request_token);

CREATE INDEX inference_profiles_by_age ON inference_profiles (account, region, created_ms, id);
