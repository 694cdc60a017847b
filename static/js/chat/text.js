/** What people wrote, as nodes: text stays text, addresses become links, names become mentions. */

const PIECES = /(https?:\/\/[^\s<>"']+)|(?<![\w@])@([A-Za-z0-9_]{3,25})/g;
const TRAILING = /[.,;:!?)\]}]+$/;

/** @returns {{nodes: Node[], mentionsMe: boolean}} never any markup of the writer's */
export function renderText(content, me) {
  const nodes = [];
  let mentionsMe = false;
  let end = 0;
  for (const match of content.matchAll(PIECES)) {
    const [found, address, name] = match;
    const node = address ? linkTo(address) : mentionOf(name, me);
    const length = address ? node.textContent.length : found.length;
    if (match.index > end) nodes.push(content.slice(end, match.index));
    nodes.push(node);
    end = match.index + length;
    mentionsMe ||= !address && isMe(name, me);
  }
  if (end < content.length) nodes.push(content.slice(end));
  return { nodes, mentionsMe };
}

/** Whether the words call this name. */
export function mentions(content, me) {
  return me !== "" && [...content.matchAll(PIECES)].some(([, , name]) => name !== undefined && isMe(name, me));
}

/** A link that gives its target no handle on this page and our name to no one. Punctuation that ends the
 * sentence is not part of the address. */
function linkTo(address) {
  const target = address.replace(TRAILING, "");
  if (!URL.canParse(target)) return document.createTextNode(address);
  const link = document.createElement("a");
  link.href = target;
  link.rel = "nofollow noopener noreferrer ugc";
  link.target = "_blank";
  link.textContent = target;
  return link;
}

function mentionOf(name, me) {
  const node = document.createElement(isMe(name, me) ? "mark" : "span");
  node.textContent = `@${name}`;
  return node;
}

function isMe(name, me) {
  return me !== "" && name.toLowerCase() === me.toLowerCase();
}
