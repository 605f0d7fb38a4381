import type { ConfigMap } from '@plinth/api';
import { deepEqual } from '@plinth/apimachinery';
import type { EventRecorder, Informer, Logger } from '@plinth/controller-runtime';
import { DEFAULT_CONFIG, type PlatformConfig } from '../config.ts';
import { PLATFORM_NAMESPACE, SETTINGS_NAME } from '../naming/constants.ts';
import { type GivenSettings, parseSettings } from './parse-settings.ts';

export interface SettingsOptions {
  /** Sees the one ConfigMap. */
  readonly informer: Informer<ConfigMap>;
  /** What the installation says; the ConfigMap wins. */
  readonly installed: Partial<PlatformConfig>;
  readonly recorder: EventRecorder;
  readonly log: Logger;
}

/**
 * The platform's settings as one object whose fields follow the ConfigMap `kratix`. A document that cannot be used changes
 * nothing: the settings before it stay, and an event on the ConfigMap and the log say what is wrong. Subscribe before the
 * controllers do, so that they find the new settings when the ConfigMap wakes them.
 */
export function followSettings({ informer, installed, recorder, log }: SettingsOptions): PlatformConfig {
  const base: PlatformConfig = { ...DEFAULT_CONFIG, ...installed };
  const current = { ...base } as Record<string, unknown>;
  const become = (settings: GivenSettings): void => {
    const next: Readonly<Record<string, unknown>> = { ...base, ...settings, logging: { ...base.logging, ...settings.logging } };
    for (const name of Object.keys(current)) if (!(name in next)) delete current[name];
    Object.assign(current, next);
  };
  const take = (map: ConfigMap, previous?: ConfigMap): void => {
    if (!isSettings(map) || (previous && deepEqual(map.data, previous.data))) return;
    const { settings, problems, warnings } = parseSettings(map.data);
    const at = `${PLATFORM_NAMESPACE}/${SETTINGS_NAME}`;
    for (const warning of warnings) {
      log.warn({ configMap: at, setting: warning }, 'a setting is not taken as it stands');
      recorder.record(map, { type: 'Warning', reason: 'SettingIgnored', message: warning });
    }
    if (problems.length === 0) return become(settings);
    log.error({ configMap: at, problems: problems.join('; ') }, 'the settings cannot be read; those before stay');
    recorder.record(map, { type: 'Warning', reason: 'InvalidSettings', message: `the settings cannot be read, those before stay: ${problems.join('; ')}` });
  };
  informer.subscribe({
    added: (map) => take(map),
    updated: take,
    deleted: (map) => {
      if (isSettings(map)) become({});
    },
  });
  return current as unknown as PlatformConfig;
}

const isSettings = ({ metadata }: ConfigMap): boolean => metadata.name === SETTINGS_NAME && metadata.namespace === PLATFORM_NAMESPACE;
