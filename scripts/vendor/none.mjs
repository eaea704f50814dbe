// Stands in for post-quantum cryptography, which no recipient of a station needs: half of the bundle.
export const MLKEM768P256 = undefined;
export const MLKEM768X25519 = undefined;
