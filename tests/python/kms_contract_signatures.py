"""Cases: the wire itself, and signatures (SigV4)."""

import json

from botocore.credentials import ReadOnlyCredentials

from kms_wire import case, credentials_of, minutes, new_key, statement, wire

ARN = new_key(statement("Allow", "owner", "kms:Decrypt"))


def code(**arguments):
    status, _, body = wire("operator", "ListKeys", b"{}", **arguments)
    return status, json.loads(body).get("__type"), json.loads(body).get("message", "")


def header(name, value):
    def change(request):
        del request.headers[name]
        if value is not None:
            request.headers[name] = value

    return change


@case
def errors_are_written_as_recorded():
    status, headers, body = wire("owner", "Decrypt", {"CiphertextBlob": "AAAA"})
    assert (status, body) == (400, b'{"__type":"InvalidCiphertextException"}'), body
    assert headers["Content-Type"] == "application/x-amz-json-1.1" and headers["Date"] and len(headers["x-amzn-RequestId"]) == 36
    _, _, body = wire("operator", "Encrypt", {"KeyId": ARN, "Plaintext": "AAAA"})
    assert sorted(json.loads(body)) == ["Message", "__type"], "AccessDeniedException has a capital Message"
    _, _, body = wire("owner", "DescribeKey", {"KeyId": "fake-key-id"})
    assert sorted(json.loads(body)) == ["__type", "message"]


@case
def requests_that_cannot_be_read_are_refused():
    for operation, body, kind in (
        ("Decrypt", b"{", "SerializationException"),
        ("Decrypt", {"CiphertextBlob": 1}, "SerializationException"),
        ("Decrypt", {"CiphertextBlob": "AAA"}, "SerializationException"),
        ("Decrypt", {}, "ValidationException"),
        ("Sign", {}, "UnknownOperationException"),
        ("NoSuchOperation", {}, "UnknownOperationException"),
    ):
        status, _, answer = wire("owner", operation, body)
        assert status == 400 and json.loads(answer)["__type"] == kind, answer


@case
def clocks_may_differ_by_five_minutes():
    assert code()[0] == 200
    assert code(time=minutes(4))[0] == 200 and code(time=minutes(-4))[0] == 200
    for time, text in ((minutes(-6), "Signature expired: "), (minutes(6), "Signature not yet current: ")):
        status, kind, message = code(time=time)
        assert (status, kind) == (400, "InvalidSignatureException") and message.startswith(text), message


@case
def wrong_credentials_are_refused():
    owned = credentials_of("operator")
    for credentials, kind in (
        (ReadOnlyCredentials(owned.access_key, "x" * 40, owned.token), "InvalidSignatureException"),
        (ReadOnlyCredentials(owned.access_key, owned.secret_key, None), "UnrecognizedClientException"),
        (ReadOnlyCredentials(owned.access_key, owned.secret_key, "x"), "UnrecognizedClientException"),
        (ReadOnlyCredentials("AKIAXXXXXXXXXXXXXXXX", owned.secret_key, owned.token), "UnrecognizedClientException"),
    ):
        assert code(credentials=credentials)[:2] == (400, kind), kind


@case
def tampered_requests_are_refused():
    def body(request):
        request.data = b"{ }"

    def unsigned_target(request):
        header("Authorization", request.headers["Authorization"].replace(";x-amz-target", ""))(request)

    for change, kind in (
        (body, "InvalidSignatureException"),
        (header("X-Amz-Target", "TrentService.ListAliases"), "InvalidSignatureException"),
        (header("X-Amz-Date", "20200101T000000Z"), "InvalidSignatureException"),
        (unsigned_target, "InvalidSignatureException"),
        (header("X-Amz-Security-Token", None), "UnrecognizedClientException"),
        (header("Authorization", None), "MissingAuthenticationTokenException"),
        (header("Authorization", "AWS4-HMAC-SHA256 nothing"), "IncompleteSignatureException"),
    ):
        assert code(tamper=change)[:2] == (400, kind), (change, kind)
    assert code(service="s3")[:2] == (400, "InvalidSignatureException")
