/** The other thread of wire-bench: decodes each batch in the form it is told and says how many messages it heard. */
import { parentPort } from 'node:worker_threads';
import { FORMS, type Form } from './wire-forms.ts';

let form: Form | undefined;
let checked = 0;

parentPort?.on('message', (batch: unknown) => {
  const named = FORMS.find(({ name }) => name === (batch as { form?: string }).form);
  if (named !== undefined) {
    form = named;
    parentPort?.postMessage(0);
    return;
  }
  let heard = 0;
  form?.decode(batch, (message) => {
    heard += 1;
    checked += message.request;
  });
  parentPort?.postMessage(checked === 0 ? 0 : heard);
});
