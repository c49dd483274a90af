/** What of a name may stand in an address without being escaped. */
const partMax = 40;

/**
 * Id of a thing on the page that a link can name: `slo-2-items-lost`. The number keeps it unique and valid whatever
 * the name is made of.
 */
export function anchorOf(kind: string, number: number, name: string): string {
  const part = name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, partMax);
  return [kind, String(number), part].filter((one) => one !== '').join('-');
}
