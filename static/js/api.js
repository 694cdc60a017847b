/** JSON requests to our own API, with the error envelope turned into one exception. */

const PATIENCE_MS = 20_000; // a line that brings nothing for so long is dead, whatever the browser hopes

export class ApiError extends Error {
  /** @param {{status: number, code: string, message: string, retryAfter?: number, fields?: object}} envelope */
  constructor({ status, code, message, retryAfter = null, fields = {} }) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfter = retryAfter;
    this.fields = fields;
  }
}

/** Resolves with the answer's JSON (null for 204). Rejects with ApiError when the server refuses, and when it cannot be
 * reached or the whole answer is not there in time: then its status is 0. */
export async function request(path, { method = "GET", body, headers: more = {}, patience = PATIENCE_MS } = {}) {
  const headers = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  const { answer, content } = await exchange(path, { ...options, signal: AbortSignal.timeout(patience) });
  if (!answer.ok || content === undefined) throw refusal(answer, content);
  return content;
}

async function exchange(path, options) {
  try {
    const answer = await fetch(path, options);
    return { answer, content: parsed(await answer.text()) };
  } catch {
    const message = "The server can't be reached. Check your connection and try again.";
    throw new ApiError({ status: 0, code: "UNREACHABLE", message });
  }
}

/** Null where nothing was answered, undefined for what is no JSON, such as a proxy's own page. */
function parsed(text) {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(answer, content) {
  const retryAfter = Number(answer.headers.get("Retry-After")) || null;
  return new ApiError({
    status: answer.status,
    code: content?.code ?? "UNREADABLE_ANSWER",
    message: content?.message ?? "The server gave no readable answer. Try again in a moment.",
    fields: content?.fields,
    retryAfter,
  });
}

/** Django's token: from the cookie, which is renewed at sign-in, or from the page. */
function csrfToken() {
  const cookie = document.cookie.split("; ").find((pair) => pair.startsWith("csrftoken="));
  if (cookie) return decodeURIComponent(cookie.slice("csrftoken=".length));
  return document.querySelector("meta[name=csrf-token]")?.content ?? "";
}
