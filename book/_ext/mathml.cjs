// Turns each line on standard input, [TeX, display] as JSON, into a line with its MathML as a JSON string.
const lines = require("node:readline").createInterface({ input: process.stdin });

require("../../node_modules/mathjax/es5/node-main.js")
  .init({ loader: { load: ["input/tex"] } })
  .then((MathJax) =>
    lines.on("line", (line) => {
      const [tex, display] = JSON.parse(line);
      process.stdout.write(JSON.stringify(MathJax.tex2mml(tex, { display })) + "\n");
    }),
  );
