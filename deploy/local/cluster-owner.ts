export { type ClusterOwner, clusterOwner } from '../../libs/runtime/index.ts'
