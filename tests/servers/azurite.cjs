// Loaded into Azurite by node's --require: it ends when stdin does, and its clock can be put
// forward. Each line on stdin is a number of seconds, answered by the sum of them.
"use strict";

const RealDate = Date;
let ahead = 0;

globalThis.Date = class Date extends RealDate {
  constructor(...given) {
    super(...(given.length ? given : [RealDate.now() + ahead]));
  }

  static now() {
    return RealDate.now() + ahead;
  }
};

let rest = "";
process.stdin.on("data", (data) => {
  const lines = (rest + data).split("\n");
  rest = lines.pop();
  for (const line of lines) {
    ahead += Number(line) * 1000;
    process.stdout.write(`ahead ${ahead / 1000}\n`);
  }
});
process.stdin.on("end", () => process.exit(0));
