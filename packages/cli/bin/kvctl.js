#!/usr/bin/env node
import module from 'node:module';
import { loadModule } from './load.js';

// Compiled code is kept between runs where Node can (22.1 and later): a tenth of a second less for a short command.
module.enableCompileCache?.();

const { main } = await loadModule('main');
await main();
