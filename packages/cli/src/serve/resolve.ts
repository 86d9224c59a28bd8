/**
 * Which value each setting of `kvctl serve` has: the flag's, else the environment variable's, else the configuration
 * file's, else the default.
 *
 * Owns      that order, and that nothing is passed over: an unknown key of the file, an unknown QUINTET_ variable and a value
 *           that cannot be read are usage failures that name where they stand.
 */
import { readFileSync } from 'node:fs';
import { usageFailure } from '../failure.ts';
import { BadQuantity } from '../text/quantities.ts';
import { SETTING_KEYS, SETTINGS, type Setting, type SettingKey, type Settings, variableOf } from './settings.ts';

/** Values of flags as commander has read them; undefined = not given. */
export type Flags = { readonly [K in SettingKey]?: Settings[K] | undefined };

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that are no settings of a row. */
const CONFIG = 'QUINTET_CONFIG';
const PASSWORD = 'QUINTET_PASSWORD';
const USER_PASSWORD = 'QUINTET_USER_PASSWORD';

/** What Kubernetes adds for a service whose name begins with `quintet`. */
const SERVICE_LINK = /_(?:SERVICE_(?:HOST|PORT)|PORT_\d+_(?:TCP|UDP))(?:_|$)/;

/** @throws {Failure} of usage */
export function resolveSettings(flags: Flags, config: string | undefined, env: Environment): Settings {
  const variables = readEnvironment(env);
  const path = config ?? variables.get(CONFIG);
  const file = path === undefined ? new Map<string, string>() : readConfig(path);
  const settings: Record<string, unknown> = {};
  for (const key of SETTING_KEYS) {
    const setting: Setting<unknown> = SETTINGS[key];
    const { name, parse, fallback } = setting;
    const variable = variableOf(setting);
    const read = (text: string, where: string): unknown => parsed(parse, text, where);
    if (flags[key] !== undefined) settings[key] = flags[key];
    else if (variables.has(variable)) settings[key] = read(variables.get(variable)!, variable);
    else if (file.has(name)) settings[key] = read(file.get(name)!, `${path}: "${name}"`);
    else settings[key] = fallback;
  }
  return settings as Settings;
}

/**
 * The password clients must give: QUINTET_PASSWORD, or what the file of `--password-file` holds, or what else `kvctl` was
 * given (KVCTL_PASSWORD). Undefined: none.
 * @throws {Failure} of usage
 */
export function resolvePassword(
  { passwordFile }: Settings,
  env: Environment,
  given: string | undefined,
): string | undefined {
  return passwordIn(passwordFile, PASSWORD, env) ?? given;
}

/**
 * The password that opens everything but administration: QUINTET_USER_PASSWORD, or what the file of `--user-password-file`
 * holds. Undefined: none.
 * @throws {Failure} of usage, also without another `password` beside it
 */
export function resolveUserPassword(
  { userPasswordFile }: Settings,
  env: Environment,
  password: string | undefined,
): string | undefined {
  const found = passwordIn(userPasswordFile, USER_PASSWORD, env);
  if (found === undefined) return undefined;
  const hint = `give one in ${PASSWORD} or with --password-file`;
  if (password === undefined) throw usageFailure('a user password needs a password for administration beside it', hint);
  if (found === password) throw usageFailure('the user password must not be the password for administration', hint);
  return found;
}

function passwordIn(file: string | undefined, name: string, env: Environment): string | undefined {
  const variable = env[name] === '' ? undefined : env[name];
  if (file === undefined) return variable;
  if (variable !== undefined) throw usageFailure(`give the password in ${name} or in a file, not in both`);
  return readPassword(file);
}

/** What a password file holds; its last line end does not count. @throws {Failure} of usage */
export function readPassword(path: string): string {
  const password = readText(path, 'the password file').replace(/\r?\n$/, '');
  if (password === '') throw usageFailure(`the password file ${path} is empty`);
  return password;
}

/** A file's text. @throws {Failure} of usage */
export function readText(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw usageFailure(`cannot read ${what} ${path}: ${(error as Error).message}`);
  }
}

function parsed<T>(parse: (text: string) => T, text: string, where: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof BadQuantity) throw usageFailure(`${where}: ${error.message}`);
    throw error;
  }
}

/** The QUINTET_ variables that are set. An empty one counts as not set. */
function readEnvironment(env: Environment): Map<string, string> {
  const known = new Set([CONFIG, PASSWORD, USER_PASSWORD, ...SETTING_KEYS.map((key) => variableOf(SETTINGS[key]))]);
  const found = new Map<string, string>();
  for (const [name, value = ''] of Object.entries(env)) {
    if (!name.startsWith('QUINTET_') || value === '') continue;
    if (SERVICE_LINK.test(name) || /^(?:tcp|udp):\/\//.test(value)) continue;
    if (!known.has(name)) throw usageFailure(`unknown variable ${name}`, hintFor(name, [...known]));
    found.set(name, value);
  }
  return found;
}

/** A JSON object whose keys are the flags' names. Its values as text. */
function readConfig(path: string): Map<string, string> {
  const entries = Object.entries(parseConfig(path));
  const known = SETTING_KEYS.map((key) => SETTINGS[key].name);
  const found = new Map<string, string>();
  for (const [name, value] of entries) {
    if (!known.includes(name)) throw usageFailure(`${path}: unknown key "${name}"`, hintFor(name, known));
    found.set(name, textOf(value, `${path}: "${name}"`));
  }
  return found;
}

function parseConfig(path: string): object {
  const text = readText(path, 'the configuration');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw usageFailure(`${path} is no JSON: ${(error as Error).message}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw usageFailure(`${path} must hold a JSON object, such as { "port": 7000, "max-memory": "512mb" }`);
}

function textOf(value: unknown, where: string): string {
  if (Array.isArray(value)) return value.map((item) => textOf(item, where)).join(',');
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw usageFailure(`${where} must be a string, a number, true or false`);
}

/** The name that was meant, if it differs in its spelling alone; else where they all stand. */
function hintFor(name: string, known: readonly string[]): string {
  const passwords: Readonly<Record<string, string>> = { password: PASSWORD, 'user-password': USER_PASSWORD };
  const variable = Object.hasOwn(passwords, name) ? passwords[name] : undefined;
  if (variable !== undefined) return `write it to a file and give that as ${name}-file, or give it in ${variable}`;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[-_]/g, '');
  const meant = known.find((candidate) => plain(candidate) === plain(name));
  return meant === undefined ? 'kvctl serve --help lists them all' : `did you mean ${meant}?`;
}
