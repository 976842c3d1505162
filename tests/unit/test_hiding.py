"""transport.hiding: credentials in somebody else's words, and words that are none."""

import html
import json
from urllib.parse import quote

import pytest

from asyncload.transport.hiding import hide

SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY="
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"


@pytest.mark.parametrize(
    ("spelled", "why"),
    [
        (SECRET, "as it is"),
        (quote(SECRET, safe=""), "in a URL"),
        (quote(SECRET), "in a URL's path"),
        (quote(SECRET, safe="").replace("%2F", "%2f").replace("%2B", "%2b"), "with small digits"),
        (SECRET.lower(), "all in small letters"),
        (quote(quote(SECRET, safe=""), safe=""), "in a URL in a URL"),
        (quote(quote(quote(SECRET, safe=""), safe=""), safe=""), "and once more"),
        ("".join(f"%{ord(letter):02x}" for letter in SECRET), "letters too"),
        (json.dumps(SECRET).strip('"').replace("/", "\\/"), "in JSON that escapes slashes"),
        (json.dumps(SECRET.replace("/", "\\/")).strip('"'), "in JSON in JSON"),
        (SECRET.replace("/", "\\u002F").replace("+", "\\u002b"), "in JSON by numbers"),
        (SECRET.replace("+", "\\x2b"), "in Python"),
        (SECRET.replace("/", "&#x2F;").replace("+", "&#43;"), "in HTML by numbers"),
        (SECRET.replace("/", "&sol;").replace("+", "&plus;").replace("=", "&equals;"), "in HTML by names"),
        (html.escape(SECRET.replace("/", "&#x2F;")), "in HTML in HTML"),
        (quote(SECRET.replace("/", "\\/"), safe=""), "in JSON in a URL"),
    ],
)
def test_a_secret_is_hidden_however_it_is_spelled(spelled: str, why: str) -> None:
    """And what stands around it is shown as it came."""
    assert hide(f"a%20b &amp; {spelled} c\\/d", [SECRET, ""]) == "a%20b &amp; *** c\\/d", why


@pytest.mark.parametrize(
    ("words", "hidden", "why"),
    [
        ("http://me:hunter2@proxy:3128/ refused", "http://***@proxy:3128/ refused", "name and password"),
        ("http://me@proxy refused", "http://***@proxy refused", "a name, which may be a token"),
        ("http://me:p@ssw0rd@proxy:3128/ refused", "http://***@proxy:3128/ refused", "an @ in the password"),
        ("http://me:pa/ss@proxy refused", "http://***@proxy refused", "a slash in it, which it must not have"),
        ("http://me:p@s/s@proxy refused", "http://***@proxy refused", "both"),
        ("http://me:p%20w%40@proxy", "http://***@proxy", "a space in it, encoded"),
        ("url=http%3A%2F%2Fme%3Ahunter2%40proxy", "url=http%3A%2F%2F***%40proxy", "a URL in a URL"),
        ("Basic bWU6eA==", "Basic ***", "base64"),
        ("got Basic dTpw twice", "got Basic *** twice", "the shortest there is"),
        ("Bearer%20abc.def!", "Bearer%20***", "in a URL"),
        ("Bearer+abc.def", "Bearer+***", "in a form"),
        ("bearer  q7", "bearer  ***", "short"),
        ("Bearer token: abc", "Bearer token: ***", "words before it"),
        ("Bearer token abc.def is invalid", "Bearer token *** is invalid", "likewise"),
        ("Bearer: abc", "Bearer: ***", "a colon"),
        ('Authorization: Bearer "a b"', "Authorization: Bearer ***", "in quotation marks"),
        ("Negotiate YIIabc==", "Negotiate ***", "Kerberos"),
        ("Authorization: NTLM TlRMTVNTUAAB", "Authorization: NTLM ***", "NTLM"),
        ("Digest username=me, response=abcd", "Digest ***", "all of a digest's parameters"),
        ("Proxy-Authorization: Digest response=abcd", "Proxy-Authorization: Digest ***", "likewise"),
        ('{"authorization": "Basic abcd", "x": 1}', '{"authorization": "Basic ***', "in JSON, all that follows"),
        ("Authorization: secret", "Authorization: ***", "whatever it is"),
        ("Set-Cookie: a=b; c=d", "Set-Cookie: ***", "cookies"),
        (f"see {JWT}, expired", "see ***, expired", "a JSON web token"),
        ("api_key=a1 password='h u' x", "api_key=*** password=*** x", "by names"),
        ("X-Amz-Security-Token: Fw; x", "X-Amz-Security-Token: ***; x", "of a header"),
        ('{"sessionToken":"abc","n":1}', '{"sessionToken":***,"n":1}', "in JSON"),
        ("x " + "0af3" * 16, "x 0af30a…", "as long as a signature"),
    ],
)  # fmt: skip
def test_credentials_are_hidden(words: str, hidden: str, why: str) -> None:
    assert hide(words, ()) == hidden, why


@pytest.mark.parametrize(
    "words",
    [
        "Basic authentication required",
        "Basic Authentication required; bearer token is missing.",
        "the bearer of bad news",
        "Bearer token expired",
        "401 UnrecognizedClientException: The security token included in the request is invalid.",
        "403 ExpiredToken: The provided token has expired",
        "Signature expired: 20260101T000000Z is now earlier than 20260101T001000Z",
        "Authorization header requires 'Credential' parameter.",
        "User: arn:aws:iam::123456789012:user/me is not authorized to perform: sagemaker:InvokeEndpoint",
        "no route to http://10.0.0.1:8080/models/a@2 and http://host/path?mail=a@b",
        "could not resolve runtime-fips.sagemaker.us-gov-west-1.amazonaws.com:443",
        "max_new_tokens=256, tokens: 4096; digest of the message, a cookie",
        "100%25 of a &lt;b&gt; \\u0041",
        "",
    ],
)
def test_plain_words_stay(words: str) -> None:
    """As they came, not decoded."""
    assert hide(words, [SECRET]) == words
