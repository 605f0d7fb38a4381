import { boolean, int32, int64, intOrString, list, listMap, named, object, quantity, quantityMap, string, stringList, type Of } from '../schema/fields.ts';
import { volumeDevices, volumeMount } from './volumes.ts';

const optional = boolean('Whether the object or the key may be missing.');
const keySelector = (of: string) =>
  object(`A key of a ${of}.`, { name: string(`Name of the ${of}.`, { default: '' }), key: string('The key.'), optional }, ['key'], {
    'x-kubernetes-map-type': 'atomic',
  });

export const envVar = named(
  'io.k8s.api.core.v1.EnvVar',
  object(
    'An environment variable.',
    {
      name: string('Name of the variable.'),
      value: string('Its value; $(NAME) refers to earlier variables, $$ is a dollar sign.'),
      valueFrom: object('Where the value comes from.', {
        fieldRef: object(
          'A field of the pod.',
          { apiVersion: string('API version of the path.', { default: 'v1' }), fieldPath: string('Path: metadata.name, status.podIP ...') },
          ['fieldPath'],
          { 'x-kubernetes-map-type': 'atomic' },
        ),
        resourceFieldRef: object(
          'A resource of the container.',
          { containerName: string('The container; this one when absent.'), resource: string('limits.cpu, requests.memory ...'), divisor: quantity('Unit of the output.') },
          ['resource'],
          { 'x-kubernetes-map-type': 'atomic' },
        ),
        configMapKeyRef: keySelector('ConfigMap'),
        secretKeyRef: keySelector('Secret'),
      }),
    },
    ['name'],
  ),
);
export interface EnvVar extends Of<typeof envVar> {}

const envFromRef = (of: string) => object(`A ${of}.`, { name: string(`Name of the ${of}.`, { default: '' }), optional });
export const envFromSource = object('Takes all keys of an object as variables.', {
  prefix: string('Put before every key.'),
  configMapRef: envFromRef('ConfigMap'),
  secretRef: envFromRef('Secret'),
});

const httpGet = object(
  'An HTTP GET request.',
  {
    path: string('Path to ask for.'),
    port: intOrString('Port, or its name.'),
    host: string('Host to connect to; the pod when absent.'),
    scheme: string('HTTP or HTTPS.', { default: 'HTTP' }),
    httpHeaders: list('Headers to send.', object('A header.', { name: string('Name.'), value: string('Value.') }, ['name', 'value'])),
  },
  ['port'],
);
const exec = object('A command in the container.', { command: stringList('Program and arguments; no shell.') });
const tcpSocket = object('A TCP connection.', { port: intOrString('Port, or its name.'), host: string('Host; the pod when absent.') }, ['port']);

export const probe = named(
  'io.k8s.api.core.v1.Probe',
  object('Asks a container whether it is well.', {
    exec,
    httpGet,
    tcpSocket,
    grpc: object('A gRPC health check.', { port: int32('Port.'), service: string('Service name to send.', { default: '' }) }, ['port']),
    initialDelaySeconds: int32('Seconds after the start before the first probe.'),
    timeoutSeconds: int32('Seconds after which a probe has failed.', { default: 1 }),
    periodSeconds: int32('Seconds between probes.', { default: 10 }),
    successThreshold: int32('Successes in a row after a failure that count as well.', { default: 1 }),
    failureThreshold: int32('Failures in a row that count as failed.', { default: 3 }),
    terminationGracePeriodSeconds: int64('Seconds to end in when this probe fails.'),
  }),
);
export interface Probe extends Of<typeof probe> {}

const lifecycleHandler = object('What to do at this moment.', {
  exec,
  httpGet,
  tcpSocket,
  sleep: object('Wait.', { seconds: int64('Seconds.') }, ['seconds']),
});

export const resources = named(
  'io.k8s.api.core.v1.ResourceRequirements',
  object('What computing resources the container needs.', {
    limits: quantityMap('The most it may use.'),
    requests: quantityMap('The least it needs.'),
    claims: listMap('Claims of the pod that the container uses.', ['name'], object('A claim.', { name: string('Name.'), request: string('Request of the claim.') }, ['name'])),
  }),
);
export interface ResourceRequirements extends Of<typeof resources> {}

const seLinuxOptions = object('SELinux label.', { user: string('User.'), role: string('Role.'), type: string('Type.'), level: string('Level.') });
const profile = (what: string) =>
  object(`${what} profile.`, { type: string('RuntimeDefault, Localhost or Unconfined.'), localhostProfile: string('Profile on the node.') }, ['type']);
const windowsOptions = object('Windows settings.', {
  gmsaCredentialSpecName: string('Name of the credential spec.'),
  gmsaCredentialSpec: string('Credential spec.'),
  runAsUserName: string('User name.'),
  hostProcess: boolean('Run as a host process.'),
});

export const securityContext = named(
  'io.k8s.api.core.v1.SecurityContext',
  object('Privileges of the container.', {
    runAsUser: int64('User id of the process.'),
    runAsGroup: int64('Group id of the process.'),
    runAsNonRoot: boolean('Refuse to run as user 0.'),
    privileged: boolean('Run with all privileges of the host.'),
    allowPrivilegeEscalation: boolean('The process may gain more privileges than its parent.'),
    readOnlyRootFilesystem: boolean('The root file system cannot be written.'),
    capabilities: object('POSIX capabilities.', { add: stringList('To add.'), drop: stringList('To drop.') }),
    procMount: string('Default or Unmasked.'),
    seccompProfile: profile('Seccomp'),
    appArmorProfile: profile('AppArmor'),
    seLinuxOptions,
    windowsOptions,
  }),
);

export const podSecurityContext = named(
  'io.k8s.api.core.v1.PodSecurityContext',
  object('Privileges that all containers of the pod share.', {
    runAsUser: int64('User id of the processes.'),
    runAsGroup: int64('Group id of the processes.'),
    runAsNonRoot: boolean('Refuse to run as user 0.'),
    fsGroup: int64('Group that owns the volumes.'),
    fsGroupChangePolicy: string('OnRootMismatch or Always.'),
    supplementalGroups: list('Further groups of the processes.', int64('Group id.')),
    supplementalGroupsPolicy: string('Merge or Strict.'),
    sysctls: list('Kernel parameters.', object('A parameter.', { name: string('Name.'), value: string('Value.') }, ['name', 'value'])),
    seccompProfile: profile('Seccomp'),
    appArmorProfile: profile('AppArmor'),
    seLinuxOptions,
    seLinuxChangePolicy: string('Recursive or MountOption.'),
    windowsOptions,
  }),
);

export const containerPort = object(
  'A port on which the container listens.',
  {
    name: string('Name by which Services and probes may call the port.'),
    containerPort: int32('Port number.'),
    protocol: string('TCP, UDP or SCTP.', { default: 'TCP' }),
    hostPort: int32('Port of the host.'),
    hostIP: string('Address of the host.'),
  },
  ['containerPort'],
);
export interface ContainerPort extends Of<typeof containerPort> {}

const containerFields = {
  name: string('Unique in the pod; a DNS label.'),
  image: string('Image reference.'),
  command: stringList('Program; the entry point of the image when absent. $(NAME) refers to variables.'),
  args: stringList('Arguments; those of the image when absent.'),
  workingDir: string('Working directory.'),
  ports: listMap('Ports on which the container listens.', ['containerPort', 'protocol'], containerPort),
  env: listMap('Environment variables.', ['name'], envVar),
  envFrom: list('Objects whose keys become variables.', envFromSource),
  resources,
  resizePolicy: list('What a change of a resource needs.', object('A rule.', { resourceName: string('Resource.'), restartPolicy: string('NotRequired or RestartContainer.') }, ['resourceName', 'restartPolicy'])),
  restartPolicy: string('Always makes an init container a sidecar.'),
  volumeMounts: listMap('Volumes of the pod that appear in the container.', ['mountPath'], volumeMount),
  volumeDevices,
  livenessProbe: probe,
  readinessProbe: probe,
  startupProbe: probe,
  lifecycle: object('Handlers of the beginning and the end.', { postStart: lifecycleHandler, preStop: lifecycleHandler, stopSignal: string('Signal to stop with.') }),
  terminationMessagePath: string('File that holds the last words of the container.', { default: '/dev/termination-log' }),
  terminationMessagePolicy: string('File or FallbackToLogsOnError.', { default: 'File' }),
  imagePullPolicy: string('Always, Never or IfNotPresent.'),
  securityContext,
  stdin: boolean('Keep standard input open.'),
  stdinOnce: boolean('Close standard input after the first session.'),
  tty: boolean('Give the process a terminal.'),
};

export const container = named('io.k8s.api.core.v1.Container', object('One process of the pod, from one image.', containerFields, ['name']));
export interface Container extends Of<typeof container> {}

export const ephemeralContainer = named(
  'io.k8s.api.core.v1.EphemeralContainer',
  object('A container added to a running pod for a look inside.', { ...containerFields, targetContainerName: string('The container whose namespaces it shares.') }, ['name']),
);
