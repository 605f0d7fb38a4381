/** The part of the client that needs Node: sockets and files. */
export { httpTransport, type HttpTransport, type HttpTransportOptions } from './http-transport.ts';
export { inClusterConfig } from './in-cluster.ts';
export {
  KubeconfigError,
  loadKubeconfig,
  renderKubeconfig,
  type KubeconfigContext,
  type KubeconfigEntry,
} from './kubeconfig.ts';
export { fileToken } from './token-file.ts';
