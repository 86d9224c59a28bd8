/** The contract over a Caller without threads: what TypedStore itself owes. */
import { TypedStore } from '../../src/client/typed-store.ts';
import { FakeCaller } from './fake-caller.ts';
import { storeContract } from './store-contract.ts';

storeContract({
  name: 'TypedStore over a fake Caller',
  async open() {
    const caller = new FakeCaller();
    return {
      store: new TypedStore(caller),
      stall: (ms) => void setTimeout(caller.stall(), ms),
      forgetChanges: async () => caller.watches.forget(),
      close: async () => {},
    };
  },
});
