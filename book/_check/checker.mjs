// One worker for all editors of a page: it starts at the first check, stays for later checks, and is stopped if it hangs.
export const PATIENCE_MS = 10_000; // for running an answer, and for each of its tests

export class Checker {
  constructor(script) {
    this.script = script;
    this.turn = Promise.resolve(); // one check at a time
  }

  // Check answers. `listen` has a function for each type of the worker's messages. Resolves to null, or to a sentence
  // that says why the check did not finish.
  check(order, listen) {
    return (this.turn = this.turn.then(() => this.run(order, listen)));
  }

  run(order, listen) {
    this.worker ??= new Worker(this.script, { type: "module" });
    return new Promise((resolve) => {
      let clock;
      const end = (sentence) => {
        clearTimeout(clock);
        if (sentence) this.stop();
        resolve(sentence);
      };
      // An error without a message means that the worker's script could not be loaded.
      this.worker.onerror = ({ message }) => end(`${message ? `Python in this page ended: ${message}.` : UNREACHABLE} ${SAFE}`);
      this.worker.onmessage = ({ data }) => {
        clearTimeout(clock);
        if (data.type === "done") return end(null);
        if (data.type === "failed") return end(`${data.message} ${SAFE}`);
        listen[data.type](data);
        // Downloads may take any time, so progress sets no limit.
        if (data.type !== "progress") clock = setTimeout(() => end(HANGS), PATIENCE_MS);
      };
      this.worker.postMessage(order);
    });
  }

  stop() {
    this.worker.terminate();
    this.worker = undefined;
  }
}

const SAFE = "What you typed is safe in this browser.";
const UNREACHABLE = "The check could not be loaded. Are you offline?";
const HANGS = `Stopped: your code ran for more than ${PATIENCE_MS / 1000} seconds. Is there a loop that does not end?`;
