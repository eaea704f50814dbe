//! What Entra checks of a client assertion (RFC 7523 §3, Microsoft identity platform "certificate credentials"), with `ring` and
//! the certificates that were registered. It reads the assertion for itself; it shares no code with who writes one.

use ring::digest::{SHA256, digest};
use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::domain::time::Timestamp;

use super::encoding::{base64url, strict};
use super::token::Denied;

/// How long an assertion may count, in seconds.
const LIFETIME_SECONDS_MAX: i64 = 600;
/// How far the clocks may be apart, in seconds.
const SKEW_SECONDS_MAX: i64 = 300;

/// Whether `assertion` proves that `client_id` is asking at `audience`.
pub(super) fn verify(
    assertion: &str,
    (client_id, audience): (&str, &str),
    certificates: &[Vec<u8>],
    now: Timestamp,
) -> Result<(), Denied> {
    let malformed = |why| Denied::client(50_027, why);
    let mut parts = assertion.split('.');
    let (Some(header), Some(payload), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed("the assertion has not three parts"));
    };
    let object = |part: &str| {
        strict(part)
            .and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok())
            .filter(Value::is_object)
            .ok_or_else(|| malformed("a part of the assertion is no JSON in base64url"))
    };
    let (header, claims) = (object(header)?, object(payload)?);
    let text = |object: &Value, name: &str| {
        let text = object.get(name).and_then(Value::as_str);
        text.unwrap_or_default().to_owned()
    };
    if text(&header, "alg") != "PS256" || text(&header, "typ") != "JWT" {
        return Err(malformed("alg is not PS256, or typ is not JWT"));
    }
    let thumbprint = text(&header, "x5t#S256");
    let der = certificates
        .iter()
        .find(|der| thumbprint == base64url(digest(&SHA256, der).as_ref()))
        .ok_or_else(|| Denied::client(700_027, "the certificate is not registered"))?;
    let (_, certificate) = X509Certificate::from_der(der)
        .map_err(|_| malformed("the registered certificate cannot be read"))?;
    let signature = strict(signature).ok_or_else(|| malformed("the signature is no base64url"))?;
    let signed = assertion.rsplit_once('.').map_or("", |(signed, _)| signed);
    let public = &certificate.public_key().subject_public_key.data;
    UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, public)
        .verify(signed.as_bytes(), &signature)
        .map_err(|_| Denied::client(700_027, "the signature does not verify"))?;
    if text(&claims, "aud") != audience {
        return Err(Denied::client(700_023, "aud is not this token endpoint"));
    }
    if text(&claims, "iss") != client_id || text(&claims, "sub") != client_id {
        return Err(Denied::client(700_021, "iss or sub is not the application"));
    }
    if text(&claims, "jti").is_empty() {
        return Err(malformed("jti is missing"));
    }
    let now = now.0.div_euclid(1000);
    let moment = |name: &str| claims.get(name).and_then(Value::as_i64);
    let (Some(begin), Some(end)) = (moment("nbf"), moment("exp")) else {
        return Err(malformed("nbf or exp is missing"));
    };
    if now + SKEW_SECONDS_MAX < begin
        || now - SKEW_SECONDS_MAX > end
        || end - begin > LIFETIME_SECONDS_MAX
    {
        return Err(Denied::client(
            700_024,
            "the assertion does not count now, or counts too long",
        ));
    }
    Ok(())
}
