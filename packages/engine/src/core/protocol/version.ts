/** The version of this build, that of package.json. Threads and packages of one cluster must be of one build. */
export const VERSION = '0.1.0';
