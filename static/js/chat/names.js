/** The colour of a name: the person's own, or one that their name always gives. CSS adapts its lightness to
 * the theme, so that every name can be read. */

export function nameColor(user) {
  if (/^#[0-9a-f]{6}$/i.test(user.color ?? "")) return user.color;
  return `oklch(0.75 0.13 ${hueOf(user.username ?? "")})`;
}

function hueOf(name) {
  let hash = 7;
  for (const character of name.toLowerCase()) hash = (hash * 31 + character.codePointAt(0)) >>> 0;
  return hash % 360;
}
