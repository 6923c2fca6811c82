// One worker for a page's editors: it is started at the first check, kept for the next, and ended where it hangs.
export const PATIENCE = 10_000; // milliseconds for an answer, and for each test of it

export class Checker {
  constructor(script) {
    this.script = script;
    this.turn = Promise.resolve(); // one check at a time
  }

  // Check answers; `listen` has functions for the worker's messages, by type. Gives null, or a sentence that says why the
  // check did not come to its end.
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
      // Without a message, the worker's script itself could not be had.
      this.worker.onerror = ({ message }) => end(`${message ? `Python in this page ended: ${message}.` : UNREACHABLE} ${SAFE}`);
      this.worker.onmessage = ({ data }) => {
        clearTimeout(clock);
        if (data.type === "done") return end(null);
        if (data.type === "failed") return end(`${data.message} ${SAFE}`);
        listen[data.type](data);
        if (data.type !== "progress") clock = setTimeout(() => end(HANGS), PATIENCE);
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
const HANGS = `Stopped: your code ran for more than ${PATIENCE / 1000} seconds. Is there a loop that does not end?`;
