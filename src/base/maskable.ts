/**
 * Values that a short ${NAME} often holds and that are no secret: masking them would blank half of a
 * report.
 */
const plainValue = /^(?:\d{1,7}(?:\.\d+)?(?:ns|us|ms|s|m|h|%|[KMG]i?B?)?|true|false|yes|no|on|off|)$/i;
const secretCharsMin = 3;

/** A secret that is a plain number, a switch or shorter than three characters is left alone. */
export function isMaskable(secret: string): boolean {
  return secret.length >= secretCharsMin && !plainValue.test(secret);
}
