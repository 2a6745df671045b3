// What breaks, by real means: each fault begins, lasts, and is mended. The seed decides which comes when.
import { setTimeout as sleep } from 'node:timers/promises';

const node_of = (stage, random, fault) => {
  const node = random.pick(stage.nodes.filter(({ up }) => up));
  fault.node = node.name;
  return node;
};

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
  'a node hears nothing': async (stage, random, fault) => {
    const node = node_of(stage, random, fault);
    node.relay.stall();
    await sleep(random.between(50, 3000));
    node.relay.mend();
  },
  'a node is cut off': async (stage, random, fault) => {
    const node = node_of(stage, random, fault);
    node.relay.cut({ refuse: true });
    await sleep(random.between(50, 3000));
    node.relay.mend();
  },
  'half of each connection ends': async (stage, random, fault) => { node_of(stage, random, fault).relay.halfClose(); },
  'a node stands still': async (stage, random, fault) => {
    const node = node_of(stage, random, fault);
    node.weir.signal('SIGSTOP');
    await sleep(random.between(50, 3000));
    node.weir.signal('SIGCONT');
  },
  'the database drops its connections': async (stage) => { await stage.database.drop_connections(); },
  'a node is killed and starts anew': async (stage, random, fault) => {
    const node = node_of(stage, random, fault);
    await stage.kill(node);
    await stage.begin(node);
  },
};

// One after the other, until told to stop; in turns of all of them, each turn in another order.
export class Faults {
  happened = [];   // { name, node, began, ended }: of those that one node has, which; times in milliseconds
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
        const fault = { name, began: Date.now() };
        this.happened.push(fault);
        this.say(name);
        await kFaults[name](this.stage, this.random, fault);
        fault.ended = Date.now();
        await sleep(this.random.between(0.5, 1.5) * pause);
      }
    })();
    this.running.catch(() => {});
  }

  // In words, what was broken at any time between two.
  during(from, to) {
    return this.happened.filter(({ began, ended = to }) => began <= to && ended >= from).map(({ name, node, began, ended }) =>
      `${name}${node === undefined ? '' : ` (${node})`} from ${began - from} to ${ended === undefined ? 'the end' : ended - from} ms`);
  }

  async stop() {
    this.#over = true;
    await this.running;
  }
}
