// Requests to the server that sent the page: with the token, and an error's sentence where there is one.

const KEY = "ganache-token"; // of the tab's memory, which ends with it

/** What the server refused: its status, and its sentence as the message. */
export class Refused extends Error {
  constructor(status, sentence) {
    super(sentence);
    this.status = status;
  }
}

/** Keep a token for as long as the tab is open. */
export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** Return an address with its fields; a list becomes as many of them, what is null or empty is left out. */
export function address(path, fields = {}) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of [value].flat()) {
      if (one !== null && one !== undefined && one !== "") query.append(name, one);
    }
  }
  return query.size ? `${path}?${query}` : path;
}

/** Return the path of a run's address. */
export function pathOf(run, what) {
  return `/api/runs/${encodeURIComponent(run.name)}/${what}`;
}

/** Return the answer to a request; throws Refused. */
export async function ask(path, fields = {}, options = {}) {
  const token = sessionStorage.getItem(KEY);
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(address(path, fields), { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "the server does not answer; is it still running?");
  }
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, told.error ?? `the server answered ${answer.status}`);
}

/** Return a picture that is answered. */
export async function askPicture(path, fields, options) {
  const answer = await ask(path, fields, options);
  return createImageBitmap(await answer.blob());
}

/** Save an answer as a file of a name. */
export async function download(path, fields, name) {
  const answer = await ask(path, fields);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Return a function that runs work one after the other, the last that was asked for and none before it. */
export function latest(work, complain) {
  let running = null;
  return async (...given) => {
    running?.abort();
    const own = new AbortController();
    running = own;
    try {
      await work(own.signal, ...given);
      if (running === own) complain(null);
    } catch (error) {
      if (running === own && error.name !== "AbortError") complain(error);
    }
  };
}
