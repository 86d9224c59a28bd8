/** Publish and subscribe. Who is subscribed may ask for little else. */
import type { Scripts } from './script.ts';

export const PUBSUB: Scripts = {
  'pub/sub': [
    ['PUBLISH c m', ':0~'],
    ['PUBSUB CHANNELS', '*0~'],
    ['PUBSUB NUMSUB', '*0~'],
    ['PUBSUB NUMSUB a b', '*4~$1~a~:0~$1~b~:0~'],
    ['PUBSUB NUMPAT', ':0~'],
    ['UNSUBSCRIBE', '*3~$11~unsubscribe~$-1~:0~'],
    ['PUNSUBSCRIBE', '*3~$12~punsubscribe~$-1~:0~'],
    ['UNSUBSCRIBE a b', '*3~$11~unsubscribe~$1~a~:0~*3~$11~unsubscribe~$1~b~:0~'],
    ['SUBSCRIBE a', '*3~$9~subscribe~$1~a~:1~'],
    ['SUBSCRIBE b a', '*3~$9~subscribe~$1~b~:2~*3~$9~subscribe~$1~a~:2~'],
    ['PSUBSCRIBE x*', '*3~$10~psubscribe~$2~x*~:3~'],
    [
      'GET a',
      "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context~",
    ],
    ['PING', '*2~$4~pong~$0~~'],
    ['PING hello', '*2~$4~pong~$5~hello~'],
    ['PUBLISH', "-ERR wrong number of arguments for 'publish' command~"],
    ['NOPE', "-ERR unknown command 'NOPE', with args beginning with: ~"],
    ['UNSUBSCRIBE a', '*3~$11~unsubscribe~$1~a~:2~'],
    ['PUNSUBSCRIBE', '*3~$12~punsubscribe~$2~x*~:1~'],
    ['UNSUBSCRIBE', '*3~$11~unsubscribe~$1~b~:0~'],
    ['PING', '+PONG~'],
    ['PUBSUB BAD', "-ERR unknown subcommand 'BAD'. Try PUBSUB HELP.~"],
    ['PUBSUB', "-ERR wrong number of arguments for 'pubsub' command~"],
  ],
};
