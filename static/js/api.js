/** JSON requests to our own API, with the error envelope turned into one exception. */

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

/** Resolves with the answer's JSON (null for 204). Rejects with ApiError when the server refuses and with
 * TypeError when it cannot be reached. */
export async function request(path, { method = "GET", body = undefined, signal = undefined, headers: more = {} } = {}) {
  const headers = { Accept: "application/json", ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  const answer = await fetch(path, {
    method,
    headers,
    signal,
    credentials: "same-origin",
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => null);
  if (!answer.ok) throw refusal(answer, content);
  return content;
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
