/** Runs one attack when told to. Arguments: its name, the port. Answers when it has come to its point. */
import { ATTACKS } from './attacks.ts';

const [name, port] = process.argv.slice(2);
process.once('message', async () => process.send!(await ATTACKS[name!]!.run(Number(port))));
process.send!('there');
