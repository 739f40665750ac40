/**
 * Run the bundled function in its own process, as Lambda does, and measure it from inside:
 * the counterpart of bench/driver.py, with the same protocol.
 */

import { readFileSync, writeSync } from 'node:fs';
import { createInterface } from 'node:readline';

const descriptor = Number(process.argv[2]);
const context = {
  functionName: 'bench',
  memoryLimitInMB: '512',
  invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:bench',
  awsRequestId: '00000000-0000-4000-8000-000000000000',
  getRemainingTimeInMillis: () => 60_000,
};

const report = (result) => writeSync(descriptor, `${JSON.stringify(result)}\n`);
const peakKib = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);

const began = performance.now();
const { handler } = await import('./dist/handler.mjs');
report({ imported_ms: performance.now() - began });

for await (const line of createInterface({ input: process.stdin })) {
  const event = JSON.parse(line);
  const cpuBefore = process.cpuUsage();
  const before = performance.now();
  const response = await handler(event, context);
  const wall = performance.now() - before;
  const cpu = process.cpuUsage(cpuBefore);
  report({
    wall_ms: wall,
    cpu_ms: (cpu.user + cpu.system) / 1000,
    peak_kib: peakKib(),
    response,
  });
}
