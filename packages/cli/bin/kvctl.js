#!/usr/bin/env node
import module from 'node:module';
import { loadModule } from './load.js';

// Compiled code is kept between runs where Node can (22.1 and later): a tenth of a second less for a short command.
module.enableCompileCache?.();

// Everybody on the machine can read a command line: an address with a password in it does not stay there.
if (process.argv.some((text) => /^(?:--url=)?(?:\w+:\/\/)?[^/@\s]*:[^@\s]*@/.test(text))) process.title = 'kvctl';

const { main } = await loadModule('main');
await main();
