"""Inference profiles and tags: the control client and the runtime client on one endpoint."""

import json

import pytest

from outcrop import MODEL, Server, Stream, text_of, user

LLAMA = "meta.llama3-1-8b-instruct-v1:0"
CALL = {"messages": [user("Hello.")], "inferenceConfig": {"maxTokens": 8, "temperature": 0}}
REGION = "us-east-1"


@pytest.fixture(scope="module")
def control(server):
    return server.client("bedrock")


@pytest.fixture
def profile(control):
    """An application profile of Claude, gone after the test."""
    arn = create(control)
    yield arn
    delete(control, arn)


def foundation(model=MODEL, region=REGION):
    return {"copyFrom": f"arn:aws:bedrock:{region}::foundation-model/{model}"}


def create(control, name="team a", model=MODEL, **more):
    made = control.create_inference_profile(inferenceProfileName=name, modelSource=foundation(model), **more)
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["status"] == "ACTIVE"
    return made["inferenceProfileArn"]


def delete(control, arn):
    try:
        control.delete_inference_profile(inferenceProfileIdentifier=arn)
    except control.exceptions.ResourceNotFoundException:
        pass


def own_ids(control, **query):
    pages = control.get_paginator("list_inference_profiles").paginate(typeEquals="APPLICATION", **query)
    return [each["inferenceProfileId"] for page in pages for each in page["inferenceProfileSummaries"]]


def test_a_profile_is_described_by_its_id_and_its_arn(control):
    arn = create(control, description="Team A: chat", tags=[{"key": "team", "value": "a"}])
    try:
        by_arn = control.get_inference_profile(inferenceProfileIdentifier=arn)
        by_id = control.get_inference_profile(inferenceProfileIdentifier=by_arn["inferenceProfileId"])
        for answer in (by_arn, by_id):
            del answer["ResponseMetadata"]
        assert by_arn == by_id
        assert by_arn["inferenceProfileArn"] == arn
        assert (by_arn["inferenceProfileName"], by_arn["description"]) == ("team a", "Team A: chat")
        assert (by_arn["type"], by_arn["status"]) == ("APPLICATION", "ACTIVE")
        assert by_arn["models"] == [{"modelArn": foundation()["copyFrom"]}]
        assert by_arn["createdAt"] == by_arn["updatedAt"] and by_arn["createdAt"].tzinfo
    finally:
        delete(control, arn)


def test_a_system_defined_profile_is_described_and_can_be_copied(control, client):
    system = control.get_inference_profile(inferenceProfileIdentifier=f"us.{MODEL}")
    assert system["type"] == "SYSTEM_DEFINED"
    assert [model["modelArn"].split(":")[3] for model in system["models"]] == ["us-east-1", "us-east-2", "us-west-2"]
    made = control.create_inference_profile(
        inferenceProfileName="copy", modelSource={"copyFrom": system["inferenceProfileArn"]}
    )["inferenceProfileArn"]
    try:
        assert control.get_inference_profile(inferenceProfileIdentifier=made)["models"] == system["models"]
        assert client.converse(modelId=made, **CALL)["output"] == client.converse(modelId=MODEL, **CALL)["output"]
    finally:
        delete(control, made)


def test_a_profile_stands_for_its_model_in_every_operation(client, profile):
    expected = client.converse(modelId=MODEL, **CALL)
    for model in (profile, profile.rsplit("/", 1)[1]):
        assert client.converse(modelId=model, **CALL)["output"] == expected["output"]
        stream = Stream(client.converse_stream(modelId=model, **CALL))
        assert stream.text == text_of(expected)
        counted = client.count_tokens(modelId=model, input={"converse": {"messages": CALL["messages"]}})
        assert counted["inputTokens"] == expected["usage"]["inputTokens"]
        body = {"anthropic_version": "bedrock-2023-05-31", "max_tokens": 8, "temperature": 0}
        body["messages"] = [{"role": "user", "content": "Hello."}]
        answer = json.loads(client.invoke_model(modelId=model, body=json.dumps(body))["body"].read())
        assert "".join(block["text"] for block in answer["content"]) == text_of(expected)
        chunks = client.invoke_model_with_response_stream(modelId=model, body=json.dumps(body))["body"]
        types = [json.loads(chunk["chunk"]["bytes"])["type"] for chunk in chunks]
        assert (types[0], types[-1]) == ("message_start", "message_stop")


def test_the_native_body_is_that_of_the_model_behind_the_profile(control, client):
    arn = create(control, model=LLAMA)
    try:
        body = json.dumps({"prompt": "Hello.", "max_gen_len": 4})
        assert "generation" in json.loads(client.invoke_model(modelId=arn, body=body)["body"].read())
    finally:
        delete(control, arn)


def test_lists_hold_each_profile_once_whatever_the_page(control):
    arns = [create(control, name=f"page {number}") for number in range(5)]
    try:
        every = own_ids(control)
        assert {arn.rsplit("/", 1)[1] for arn in arns} <= set(every)
        for size in (1, 2, 1000):
            assert own_ids(control, PaginationConfig={"PageSize": size}) == every
        both = control.get_paginator("list_inference_profiles").paginate(PaginationConfig={"PageSize": 50})
        shown = [each for page in both for each in page["inferenceProfileSummaries"]]
        ids = [each["inferenceProfileId"] for each in shown]
        assert len(ids) == len(set(ids)) and set(every) <= set(ids)
        assert {f"us.{MODEL}", f"global.{LLAMA}"} <= set(ids)
        kinds = {each["inferenceProfileId"]: each["type"] for each in shown}
        assert all(kinds[each] == "APPLICATION" for each in every)
    finally:
        for arn in arns:
            delete(control, arn)


@pytest.mark.parametrize(
    "query", [{"nextToken": "made-up"}, {"maxResults": 1001}, {"typeEquals": "MINE"}], ids=str
)
def test_a_query_that_makes_no_sense_is_refused_by_name(control, query):
    with pytest.raises(control.exceptions.ValidationException) as caught:
        control.list_inference_profiles(**query)
    name = {"typeEquals": "type"}.get(*query, *query)
    assert name in caught.value.response["Error"]["Message"]


def test_a_repeated_call_makes_one_profile(control):
    first = create(control, clientRequestToken="call-1")
    try:
        assert create(control, clientRequestToken="call-1") == first
        with pytest.raises(control.exceptions.ConflictException):
            create(control, name="another", clientRequestToken="call-1")
    finally:
        delete(control, first)


def test_a_deleted_profile_serves_nothing(control, client, profile):
    client.converse(modelId=profile, **CALL)
    control.delete_inference_profile(inferenceProfileIdentifier=profile)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.converse(modelId=profile, **CALL)
    for operation in (control.get_inference_profile, control.delete_inference_profile):
        with pytest.raises(control.exceptions.ResourceNotFoundException):
            operation(inferenceProfileIdentifier=profile)
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.list_tags_for_resource(resourceARN=profile)


def test_another_region_does_not_see_it(server, profile):
    control, client = (server.client(service, region="eu-west-1") for service in ("bedrock", "bedrock-runtime"))
    with pytest.raises(control.exceptions.ResourceNotFoundException):
        control.get_inference_profile(inferenceProfileIdentifier=profile)
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.converse(modelId=profile, **CALL)
    assert own_ids(control) == []
    assert control.get_inference_profile(inferenceProfileIdentifier=f"eu.{MODEL}")["type"] == "SYSTEM_DEFINED"


@pytest.mark.parametrize(
    "source, error",
    [
        (foundation("nobody.model-v1:0"), "ResourceNotFoundException"),
        (foundation(region="eu-west-1"), "ValidationException"),
        ({"copyFrom": MODEL}, "ValidationException"),
    ],
    ids=["unknown", "elsewhere", "no-arn"],
)
def test_what_cannot_be_copied_is_refused(control, source, error):
    with pytest.raises(getattr(control.exceptions, error)):
        control.create_inference_profile(inferenceProfileName="n", modelSource=source)


def test_a_name_that_the_service_would_refuse_is_refused(control):
    with pytest.raises(control.exceptions.ValidationException, match="inferenceProfileName"):
        create(control, name="no/slashes")


def test_a_system_defined_profile_is_nobodys(control):
    system = control.get_inference_profile(inferenceProfileIdentifier=f"us.{MODEL}")["inferenceProfileArn"]
    with pytest.raises(control.exceptions.ValidationException):
        control.delete_inference_profile(inferenceProfileIdentifier=system)
    with pytest.raises(control.exceptions.ValidationException):
        control.tag_resource(resourceARN=system, tags=[{"key": "a", "value": "b"}])


def test_tags_are_set_replaced_and_taken_away(control, profile):
    def tags():
        return {tag["key"]: tag["value"] for tag in control.list_tags_for_resource(resourceARN=profile)["tags"]}

    assert tags() == {}
    control.tag_resource(resourceARN=profile, tags=[{"key": "team", "value": "a"}, {"key": "cost center", "value": "7"}])
    control.tag_resource(resourceARN=profile, tags=[{"key": "team", "value": "b"}])
    assert tags() == {"team": "b", "cost center": "7"}
    control.untag_resource(resourceARN=profile, tagKeys=["team", "absent"])
    assert tags() == {"cost center": "7"}


def test_a_resource_has_at_most_50_tags(control, profile):
    pairs = [{"key": f"k{number}", "value": ""} for number in range(51)]
    with pytest.raises(control.exceptions.TooManyTagsException) as caught:
        control.tag_resource(resourceARN=profile, tags=pairs)
    assert caught.value.response["resourceName"] == profile
    control.tag_resource(resourceARN=profile, tags=pairs[:50])
    assert len(control.list_tags_for_resource(resourceARN=profile)["tags"]) == 50
    with pytest.raises(control.exceptions.TooManyTagsException):
        create(control, tags=pairs)


def test_profiles_and_tags_outlive_the_server():
    server = Server()
    try:
        arn = create(server.client("bedrock"), tags=[{"key": "team", "value": "a"}])
        expected = server.client().converse(modelId=arn, **CALL)["output"]
        server.restart()
        control = server.client("bedrock")
        assert own_ids(control) == [arn.rsplit("/", 1)[1]]
        assert control.list_tags_for_resource(resourceARN=arn)["tags"] == [{"key": "team", "value": "a"}]
        assert server.client().converse(modelId=arn, **CALL)["output"] == expected
        database = server.data_dir / "outcrop.db"
        assert database.stat().st_mode & 0o777 == 0o600
    finally:
        assert server.stop() == 0
