// What a CommonJS program does: require() where this Node can require a module, import() where it cannot.
const load = process.features.require_module ? async (name) => require(name) : (name) => import(name);
load('@quintet/engine').then(async ({ Cluster }) => {
  const cluster = await Cluster.start();
  await cluster.put('name', 'ada');
  if ((await cluster.get('name')) !== 'ada') throw new Error('not what was put');
  await cluster.close();
  console.log('it runs');
});
