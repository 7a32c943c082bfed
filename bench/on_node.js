// Runs TS013 codecs under Node for the benchmark: a job list as JSON on stdin, one JSON object on stdout.
// A call takes the input as JSON text and gives the answer as JSON text, as it does in our sandbox.
"use strict";

const fs = require("fs");
const vm = require("vm");

const BATCHES = 15;

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

function measure(job) {
  const context = vm.createContext({});
  vm.runInContext(fs.readFileSync(job.file, "utf8"), context);
  const call = vm.runInContext("(text) => JSON.stringify(decodeUplink(JSON.parse(text)))", context);
  const text = JSON.stringify({ bytes: job.bytes, fPort: job.f_port, variables: {} });
  for (let i = 0; i < job.calls; i++) call(text);
  const times = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < job.calls; i++) call(text);
    times.push(Number(process.hrtime.bigint() - start) / job.calls / 1000);
  }
  return { us: median(times), data: JSON.parse(call(text)).data };
}

const jobs = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(jobs.map(measure)));
