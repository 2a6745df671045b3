// What the origin did meanwhile: asked from StreamVibe itself, straight, before and after. Health checks don't count:
// they are not work for a client.

async function ask(base, path, method = 'GET') {
  const response = await fetch(new URL(path, base), { method, signal: AbortSignal.timeout(30_000) });
  if (!response.ok) throw new Error(`${base}${path} answers ${response.status}: is this StreamVibe?`);
  return response.json();
}

export class Origin {
  constructor(services) { this.services = services; }       // base URLs

  async size() {
    const { data } = await ask(this.services[0], '/_origin/stats');
    if (!data) throw new Error(`${this.services[0]} has no database`);
    return data;
  }

  async reset() {
    for (const service of this.services) await ask(service, '/_origin/reset', 'POST');
  }

  async report() {
    const sum = { requests: 0, sql_queries: 0, errors: 0, bytes_sent: 0, routes: {} };
    for (const service of this.services) {
      const { sql_queries: queries, routes } = await ask(service, '/_origin/stats');
      sum.sql_queries += queries;
      for (const [name, route] of Object.entries(routes)) {
        if (name.endsWith(' /health') || name === 'GET /live') continue;
        sum.requests += route.requests;
        sum.errors += route.errors;
        sum.bytes_sent += route.bytes_sent;
        sum.routes[name] = route.requests;
      }
    }
    return sum;
  }
}
