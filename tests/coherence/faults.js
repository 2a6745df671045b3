// What breaks, by real means: each fault begins, lasts, and is mended. The seed decides which comes when.
import { setTimeout as sleep } from 'node:timers/promises';

const node_of = (stage, random) => random.pick(stage.nodes.filter((node) => node.up));

export const kFaults = {
  'Redis stands still': async (stage, random) => {
    stage.primary.pause();
    await sleep(random.between(50, 3000));
    stage.primary.resume();
  },
  'Redis is killed and comes back empty': async (stage) => {
    await stage.primary.kill();
    await stage.primary.begin();
    await stage.follow();
  },
  'Redis fails over': async (stage) => { await stage.fail_over(); },
  'the replica stands still': async (stage, random) => {
    stage.replica.pause();
    await sleep(random.between(100, 1500));
    stage.replica.resume();
  },
  'the log is trimmed': async (stage, random) => {
    await stage.primary.ask(['XTRIM', '{coherence}:log', 'MAXLEN', random.pick([0, 1, 10])]);
  },
  'the log is evicted': async (stage) => { await stage.primary.ask(['DEL', '{coherence}:log']); },
  'the nodes\' reports are evicted': async (stage) => { await stage.primary.ask(['DEL', '{coherence}:nodes']); },
  'all of Redis is flushed': async (stage) => { await stage.primary.ask(['FLUSHALL']); },
  'a node hears nothing': async (stage, random) => {
    const node = node_of(stage, random);
    node.relay.stall();
    await sleep(random.between(50, 3000));
    node.relay.mend();
  },
  'a node is cut off': async (stage, random) => {
    const node = node_of(stage, random);
    node.relay.cut({ refuse: true });
    await sleep(random.between(50, 3000));
    node.relay.mend();
  },
  'half of each connection ends': async (stage, random) => { node_of(stage, random).relay.halfClose(); },
  'a node stands still': async (stage, random) => {
    const node = node_of(stage, random);
    node.weir.signal('SIGSTOP');
    await sleep(random.between(50, 3000));
    node.weir.signal('SIGCONT');
  },
  'the database drops its connections': async (stage) => { await stage.database.drop_connections(); },
  'a node is killed and starts anew': async (stage, random) => {
    const node = node_of(stage, random);
    await stage.kill(node);
    await stage.begin(node);
  },
};

// One after the other, until told to stop; in turns of all of them, each turn in another order.
export class Faults {
  happened = [];
  #over = false;

  constructor(stage, random, say) {
    Object.assign(this, { stage, random, say });
  }

  start(pause) {
    this.running = (async () => {
      let left = [];
      while (!this.#over) {
        if (left.length === 0) left = Object.keys(kFaults);
        const [name] = left.splice(this.random.below(left.length), 1);
        this.happened.push(name);
        this.say(name);
        await kFaults[name](this.stage, this.random);
        await sleep(this.random.between(0.5, 1.5) * pause);
      }
    })();
    this.running.catch(() => {});
  }

  async stop() {
    this.#over = true;
    await this.running;
  }
}
