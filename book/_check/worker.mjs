// Checks answers in a worker, by Pyodide with NumPy and the course's own package (bngrader/check/in_browser.py).
//
// Receives {answers, tests, setup}. Sends {type: "progress", loaded, total} in bytes while Python loads, then
// {type: "running"}, {type: "verdict", verdict} for each test, and {type: "done"}; or {type: "failed", message}.
const post = (type, content) => self.postMessage({ type, ...content });
const CACHE = "bncourse-check";

let python;

self.onmessage = async ({ data }) => {
  try {
    python ??= start();
    const { pyodide, check } = await python;
    post("running");
    const tell = (verdict) => post("verdict", { verdict: verdict.toJs({ dict_converter: Object.fromEntries }) });
    const [answers, tests] = [data.answers, data.tests].map((value) => pyodide.toPy(value));
    check.callKwargs(answers, tests, { setup: data.setup, tell });
    post("done");
  } catch (error) {
    post("failed", { message: error.sentence ?? `Python in this page ended with an error: ${error.message}` });
  }
};

async function start() {
  if (!self.WebAssembly?.Tag) throw told("This browser is too old to run Python: its WebAssembly does not support exceptions.");
  const config = await (await reach(new URL("config.json", import.meta.url))).json();
  const core = new URL("../pyodide/", import.meta.url);
  const loads = new Loads(config);
  self.fetch = (input, options) => loads.fetch(new URL(input.url ?? input), options);
  const { loadPyodide } = await loads.module(new URL("pyodide.mjs", core));
  await loads.module(new URL("pyodide.asm.mjs", core)); // so that Pyodide's own import finds it in memory
  const loading = loadPyodide({
    indexURL: core.href,
    lockFileContents: config.lock,
    packageBaseUrl: new URL(".", import.meta.url).href,
    packages: Object.keys(config.lock.packages),
    stdin: () => null, // makes input() raise EOFError, since nobody can answer
  });
  const pyodide = await Promise.race([loads.failed, loading]); // Pyodide only logs failed downloads, and may wait forever
  await loads.forgetOthers();
  return { pyodide, check: pyodide.pyimport("bngrader.check.in_browser").check };
}

// Fetches files, counts their bytes, and caches them for the next visit if the browser allows it.
class Loads {
  constructor(config) {
    const entries = Object.entries(config.files).map(([path, file]) => [new URL(path, import.meta.url).href, file]);
    this.files = Object.fromEntries(entries);
    this.total = entries.reduce((sum, [, file]) => sum + (file.bytes ?? 0), 0);
    this.loaded = 0;
    this.failed = new Promise((_, reject) => (this.fail = reject));
    this.cache = self.caches?.open(CACHE); // undefined on http:// addresses other than localhost
  }

  count(bytes) {
    this.loaded += bytes;
    post("progress", { loaded: this.loaded, total: this.total });
  }

  key(url) {
    return `${url}?${this.files[url]?.sha256}`;
  }

  async module(url) {
    try {
      const module = await import(url);
      this.count(this.files[url].bytes);
      return module;
    } catch (error) {
      throw unreachable(url, error);
    }
  }

  async fetch(url, options) {
    try {
      const kept = await (await this.cache)?.match(this.key(url));
      const response = kept ?? (await reach(url, options));
      return await this.read(url, response, !kept);
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  async read(url, response, fresh) {
    if (!this.files[url]?.bytes) this.total += Number(response.headers.get("content-length"));
    const chunks = [];
    for (const reader = response.body.getReader(); ; ) {
      const { done, value } = await reader.read();
      if (done) break;
      chunks.push(value);
      this.count(value.length);
    }
    const type = url.pathname.endsWith(".wasm") ? "application/wasm" : "application/octet-stream"; // whatever the server says
    const copy = () => new Response(new Blob(chunks, { type }));
    if (fresh) await (await this.cache)?.put(this.key(url), copy()).catch(() => {}); // no room: the next visit loads it again
    return copy();
  }

  async forgetOthers() {
    const cache = await this.cache;
    const mine = new Set(Object.keys(this.files).map((url) => this.key(url)));
    for (const { url } of (await cache?.keys()) ?? []) if (!mine.has(url)) await cache.delete(url);
  }
}

const network = self.fetch.bind(self);

// Fetch a file, or throw an error with a sentence for the reader.
async function reach(url, options) {
  const response = await network(url, options).catch(async (error) => {
    // A failed fetch does not say whether the server did not answer or the bytes did not match the digest.
    const other = options?.integrity && (await network(url).catch(() => null));
    if (!other) throw unreachable(url, error);
    if (other.ok) throw told(`The file at ${url} is not the one that this book was built with, so it was not used.`);
    return other;
  });
  if (!response.ok) throw told(`${url} could not be loaded: the server answered ${response.status}.`);
  return response;
}

function unreachable(url, error) {
  return told(`Python could not be loaded, because ${new URL(url).host} cannot be reached. Are you offline?`, error);
}

function told(sentence, cause) {
  return Object.assign(new Error(sentence, { cause }), { sentence });
}
