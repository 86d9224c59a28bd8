import { FORMS } from '/work/main/packages/bench/src/wire-forms.ts';
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads';
const { port1, port2 } = new MessageChannel();
const req = (i:number) => ({ type:'request', shard: i%2, epoch:7, request: 1000000+(i>>1), operation:{verb:'put',key:'key:000000000001',value:'v'.repeat(64),kind:0,ifVersion:-1,ttl:0,deadline:0,previous:false}, committedSeq: 999000, pressure:false });
for (const size of [1,2,4,16,128,1024]) { const reqs = Array.from({length:size},(_, i)=>req(i));
for (let r=0;r<3;r++) for (const f of FORMS) { let n=0; const N=300000/size; 
 let c=process.cpuUsage(); for(let i=0;i<N;i++){ f.encode(reqs as any);} let d=process.cpuUsage(c); const enc=(d.user+d.system)*1000/N;
 const b=f.encode(reqs as any); c=process.cpuUsage(); for(let i=0;i<N;i++) f.decode(b,()=>{n++}); d=process.cpuUsage(c); const dec=(d.user+d.system)*1000/N;
 c=process.cpuUsage(); for(let i=0;i<N;i++){ port1.postMessage(b); receiveMessageOnPort(port2);} d=process.cpuUsage(c); const hop=(d.user+d.system)*1000/N;
 if(r==2) console.log(size,f.name,'encode',enc.toFixed(0),'hop',hop.toFixed(0),'decode',dec.toFixed(0)); } }
port1.close();
