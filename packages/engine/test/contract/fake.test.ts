/** The contract over a Executor without threads: what TypedStore itself owes. */
import { TypedStore } from '../../src/client/typed/typed-store.ts';
import { FakeExecutor } from './fake-executor.ts';
import { storeContract } from './store-contract.ts';

storeContract({
  name: 'TypedStore over a fake Executor',
  async open() {
    const executor = new FakeExecutor();
    return {
      store: new TypedStore(executor),
      stall: (ms) => void setTimeout(executor.stall(), ms),
      forgetChanges: async () => executor.watches.forget(),
      close: async () => {},
    };
  },
});
