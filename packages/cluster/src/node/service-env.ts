import type { Service } from '@plinth/api';

/**
 * The variables by which a container finds the API server, and, with service links, the Services of its namespace:
 * `WEB_SERVICE_HOST`, `WEB_SERVICE_PORT`, `WEB_PORT` ...
 */
export function serviceEnv(api: { readonly host: string; readonly port: number } | undefined, services: readonly Service[]): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const service of services) {
    const ip = service.spec?.clusterIP;
    const ports = service.spec?.ports ?? [];
    if (!ip || ip === 'None' || ports.length === 0) continue;
    Object.assign(env, variablesOf(service.metadata.name, ip, ports));
  }
  if (api) {
    Object.assign(env, variablesOf('kubernetes', api.host, [{ name: 'https', port: api.port }]));
  }
  return env;
}

function variablesOf(
  name: string,
  ip: string,
  ports: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[],
): Record<string, string> {
  const prefix = name.toUpperCase().replaceAll('-', '_');
  const first = ports[0]!;
  const env: Record<string, string> = {
    [`${prefix}_SERVICE_HOST`]: ip,
    [`${prefix}_SERVICE_PORT`]: String(first.port),
    [`${prefix}_PORT`]: `${(first.protocol ?? 'TCP').toLowerCase()}://${ip}:${first.port}`,
  };
  for (const port of ports) {
    const protocol = port.protocol ?? 'TCP';
    const tail = `${prefix}_PORT_${port.port}_${protocol}`;
    if (port.name) env[`${prefix}_SERVICE_PORT_${port.name.toUpperCase().replaceAll('-', '_')}`] = String(port.port);
    env[tail] = `${protocol.toLowerCase()}://${ip}:${port.port}`;
    env[`${tail}_PROTO`] = protocol.toLowerCase();
    env[`${tail}_PORT`] = String(port.port);
    env[`${tail}_ADDR`] = ip;
  }
  return env;
}
