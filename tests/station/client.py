"""Signs people in with their new keys, as a browser and the relying party would, and says what is wrong.

A client of another make than keyline: python-fido2 through PC/SC for the key, `cryptography` for the signature. It knows of
keyline nothing but what people get: a key, a PIN, and the user it is said to belong to.

stdin: one JSON document, with the PINs in it. stdout: a JSON list with one answer per sign-in, without any PIN:
{"user": ..., "changed_pin": bool, "credential_id": ..., "sign_count": int, "wrong": [what did not hold, in words]}.
"""

import hashlib
import json
import secrets
import sys
import urllib.error
import urllib.parse
import urllib.request
from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.client import ClientError, DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.ctap import CtapError
from fido2.ctap2 import Ctap2
from fido2.ctap2.pin import ClientPin
from fido2.pcsc import CtapPcscDevice
from fido2.webauthn import PublicKeyCredentialRequestOptions, UserVerificationRequirement

RP_ID = "login.microsoft.com"
ORIGIN = "https://login.microsoft.com"
NEW_PIN_DIGITS = 10
TIMEOUT_SECONDS = 30
UP, UV = 0x01, 0x04


class Wrong(Exception):
    """Something did not hold, and nothing that comes after could."""


class Person(UserInteraction):
    """Knows the PIN, and touches the key as the reader's field does."""

    def __init__(self, pin):
        self._pin = pin

    def request_pin(self, permissions, rp_id):
        return self._pin


class Tenant:
    """The relying party, over HTTP."""

    def __init__(self, url, name, client_id, client_secret):
        self._url = url.rstrip("/")
        form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": "https://graph.microsoft.com/.default",
        }
        answer = self._ask(f"/{name}/oauth2/v2.0/token", urllib.parse.urlencode(form).encode())
        self._token = answer["access_token"]

    def user_handle(self, user):
        """What Entra has every key of this user carry as user.id."""
        path = f"/v1.0/users/{urllib.parse.quote(user)}/authentication/fido2Methods/creationOptions"
        return decode(self._ask(path)["publicKey"]["user"]["id"])

    def credentials(self, user):
        return self._ask(f"/practice/users/{urllib.parse.quote(user)}/credentials")

    def sign_in(self, user, assertion):
        """The tenant's own judgement: what it says, or why it refuses."""
        body = json.dumps({name: encode(value) for name, value in assertion.items()}).encode()
        return self._ask(f"/practice/users/{urllib.parse.quote(user)}/assertions", body, "application/json")

    def _ask(self, path, body=None, kind="application/x-www-form-urlencoded"):
        request = urllib.request.Request(self._url + path, data=body)
        if body is not None:
            request.add_header("Content-Type", kind)
        if path.startswith("/v1.0/"):
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)


def encode(data):
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text):
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def open_key(reader):
    for device in CtapPcscDevice.list_devices(reader):
        return device
    raise Wrong(f"no FIDO2 key lies on {reader}")


def token_or_refusal(client_pin, pin):
    """The status with which the key refuses this PIN, or None when it gives a token for a sign-in."""
    try:
        client_pin.get_pin_token(pin, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)
    except CtapError as error:
        return error.code
    return None


def change_pin(ctap, pin, wrong):
    """The first use as the letter tells it: the key wants a PIN of the person's own. Returns that one."""
    if not ctap.info.force_pin_change:
        raise Wrong("the letter tells to choose a new PIN, and the key does not ask for one")
    client_pin = ClientPin(ctap)
    before, _ = client_pin.get_pin_retries()
    if token_or_refusal(client_pin, pin) is None:
        wrong.append("the key gives a token for the letter's PIN, though it has to be changed first")
    # It refuses the right PIN as well, but only a wrong one costs a try.
    left, _ = client_pin.get_pin_retries()
    if left < before:
        raise Wrong("the letter's PIN is not the PIN of this key")
    while (new := "".join(secrets.choice("0123456789") for _ in range(NEW_PIN_DIGITS))) == pin:
        pass
    client_pin.change_pin(pin, new)
    if token_or_refusal(client_pin, pin) is None:
        wrong.append("the letter's PIN still works after it was changed")
    return new


def use_letter(ctap, case, wrong):
    """The PIN to sign in with, once everything is done that the letter tells to do first."""
    if case["change_pin"]:
        return change_pin(ctap, case["pin"], wrong)
    if ctap.info.force_pin_change:
        raise Wrong("the key wants a new PIN, and the letter does not tell so")
    return case["pin"]


def assert_user_less(device, pin, challenge):
    """A sign-in that names no credential and no user: the key alone says who it is."""
    client = Fido2Client(device, DefaultClientDataCollector(ORIGIN), Person(pin))
    options = PublicKeyCredentialRequestOptions(
        challenge=challenge,
        rp_id=RP_ID,
        user_verification=UserVerificationRequirement.REQUIRED,
        timeout=TIMEOUT_SECONDS * 1000,
    )
    try:
        found = client.get_assertion(options)
    except ClientError as error:
        cause = error.cause
        if isinstance(cause, CtapError) and cause.code == CtapError.ERR.PIN_INVALID:
            raise Wrong("the letter's PIN is not the PIN of this key") from None
        raise Wrong(f"the key does not sign in: {error.code.name}, {cause}") from None
    if len(found.get_assertions()) != 1:
        raise Wrong(f"the key offers {len(found.get_assertions())} passkeys instead of one")
    return found.get_response(0)


def check(tenant, user, challenge, answer, wrong):
    """Everything that the relying party checks (WebAuthn 7.2), each by itself."""
    response = answer.response
    data, client_data = bytes(response.authenticator_data), bytes(response.client_data)
    if response.user_handle != tenant.user_handle(user):
        wrong.append("the key signs in as another user")
    said = json.loads(client_data)
    if (said["type"], said["origin"]) != ("webauthn.get", ORIGIN) or decode(said["challenge"]) != challenge:
        wrong.append("the client data is not that of this sign-in")
    if data[:32] != hashlib.sha256(RP_ID.encode()).digest():
        wrong.append("the key signed for another relying party")
    if data[32] & (UP | UV) != (UP | UV):
        wrong.append("the user was not present, or not verified")

    held = tenant.credentials(user)
    if len(held) != 1:
        wrong.append(f"the tenant holds {len(held)} passkeys for this user instead of one")
    if not any(decode(one["id"]) == answer.raw_id for one in held):
        wrong.append("the tenant does not hold this passkey for this user")
    message = data + hashlib.sha256(client_data).digest()
    if not any(verifies(one["public_key"], response.signature, message) for one in held):
        wrong.append("the signature does not verify with the public key that the tenant holds for this user")
    assertion = {"authenticator_data": data, "client_data_json": client_data, "signature": response.signature}
    try:
        signed_in = tenant.sign_in(user, assertion)
        if decode(signed_in["challenge"]) != challenge or decode(signed_in["credential_id"]) != answer.raw_id:
            wrong.append("the tenant signed in with something else")
    except urllib.error.HTTPError as error:
        wrong.append(f"the tenant refuses the sign-in ({error.code})")


def verifies(public_key, signature, message):
    x, y = (int.from_bytes(decode(public_key[name]), "big") for name in ("x", "y"))
    key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    try:
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except InvalidSignature:
        return False
    return True


def sign_in(tenant, case):
    wrong = []
    answer = {"user": case["user"], "changed_pin": False, "credential_id": None, "sign_count": None, "wrong": wrong}
    try:
        device = open_key(case["reader"])
        try:
            pin = use_letter(Ctap2(device), case, wrong)
            answer["changed_pin"] = pin != case["pin"]
            challenge = secrets.token_bytes(32)
            assertion = assert_user_less(device, pin, challenge)
            answer["credential_id"] = encode(assertion.raw_id)
            answer["sign_count"] = assertion.response.authenticator_data.counter
            check(tenant, case["user"], challenge, assertion, wrong)
        finally:
            device.close()
    except Wrong as what:
        wrong.append(str(what))
    except CtapError as error:
        wrong.append(f"the key refuses: {error}")
    return answer


def main():
    order = json.load(sys.stdin)
    tenant = Tenant(**order["tenant"])
    json.dump([sign_in(tenant, case) for case in order["cases"]], sys.stdout)


main()
