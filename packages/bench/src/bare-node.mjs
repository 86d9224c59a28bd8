/** One node of bare-prototype.ts; plain JavaScript because it is the first file of a thread. */
import { parentPort } from 'node:worker_threads';

parentPort.once('message', ({ successor, predecessor }) => {
  const primary = new Map();
  const replica = new Map();
  let records = [];
  /** Records taken since the last flush, then the values read. */
  let answers = [0];
  let flushWanted = false;

  const flush = () => {
    flushWanted = false;
    if (records.length > 0) successor.postMessage(records);
    if (answers[0] > 0 || answers.length > 1) parentPort.postMessage(answers);
    records = [];
    answers = [0];
  };
  const wantFlush = () => {
    if (flushWanted) return;
    flushWanted = true;
    setImmediate(flush);
  };

  parentPort.on('message', ({ puts, gets }) => {
    for (let at = 0; at < puts.length; at += 2) {
      primary.set(puts[at], puts[at + 1]);
      records.push(puts[at], puts[at + 1]);
    }
    for (const key of gets) answers.push(primary.get(key));
    wantFlush();
  });
  predecessor.on('message', (taken) => {
    for (let at = 0; at < taken.length; at += 2) replica.set(taken[at], taken[at + 1]);
    answers[0] += taken.length / 2;
    wantFlush();
  });
});
