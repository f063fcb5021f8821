import type { Fault } from './protocol.ts';

/** A refused call; becomes the reply. */
export class VSphereFault extends Error implements Fault {
  override readonly name = 'VSphereFault';
  readonly fault: string;

  constructor(fault: string, message: string) {
    super(message);
    this.fault = fault;
  }
}

export const noPermission = () => new VSphereFault('NoPermission', 'ServerFaultCode: Permission to perform this operation was denied.');
export const invalidLogin = () => new VSphereFault('InvalidLogin', 'ServerFaultCode: Login failure');
export const notAuthenticated = () => new VSphereFault('NotAuthenticated', 'ServerFaultCode: NotAuthenticated');
export const duplicateName = (name: string) => new VSphereFault('DuplicateName', `ServerFaultCode: The name '${name}' already exists.`);
export const notFound = (id: string) => new VSphereFault('ManagedObjectNotFound', `ServerFaultCode: managed object not found: ${id}`);
