// What the origin did since the last reset: requests by route, SQL queries, bytes. Tests and load tests read it to
// see how much work weir kept away. /_origin calls themselves aren't counted, nor the query of a health check.

export class Stats {
  constructor(service, database) {
    this.service = service;
    this.database = database;
    this.inFlight = 0;
    this.reset();
  }

  reset() {
    this.since = new Date();
    this.routes = new Map();
    this.queriesBefore = this.database.queries;
  }

  #route(name) {
    let route = this.routes.get(name);
    if (!route) this.routes.set(name, route = { requests: 0, errors: 0, aborted: 0, bytes_received: 0, bytes_sent: 0 });
    return route;
  }

  // Bytes are taken from the socket's own counters, heads included. A connection serves one request after the other,
  // so what the counters grew by when one ends is that request's.
  follow(name, request, response) {
    const route = this.#route(name);
    route.requests += 1;
    this.inFlight += 1;
    const { socket } = request;
    response.once('close', () => {
      this.inFlight -= 1;
      this.#bytes(route, socket);
      if (!response.writableFinished) route.aborted += 1;
      else if (response.statusCode >= 500) route.errors += 1;
    });
  }

  // A WebSocket: its connection never comes back to HTTP, so it is counted by itself.
  follow_upgrade(name, socket) {
    const route = this.#route(name);
    route.requests += 1;
    this.inFlight += 1;
    socket.once('close', () => { this.inFlight -= 1; this.#bytes(route, socket); });
  }

  #bytes(route, socket) {
    const before = socket.counted ?? { read: 0, written: 0 };
    socket.counted = { read: socket.bytesRead, written: socket.bytesWritten };
    route.bytes_received += socket.bytesRead - before.read;
    route.bytes_sent += socket.bytesWritten - before.written;
  }

  report() {
    const total = { requests: 0, errors: 0, aborted: 0, bytes_received: 0, bytes_sent: 0 };
    for (const route of this.routes.values()) for (const key of Object.keys(total)) total[key] += route[key];
    return {
      service: this.service, since: this.since.toISOString(), ...total, in_flight: this.inFlight,
      sql_queries: this.database.queries - this.queriesBefore,
      routes: Object.fromEntries([...this.routes].sort(([a], [b]) => (a < b ? -1 : 1))),
    };
  }
}
