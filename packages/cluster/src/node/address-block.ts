/**
 * Addresses of a loopback block, each given to one user at a time.
 *
 * An address that was given back comes round last, so that a client with an old address does not reach somebody new.
 */
export interface AddressBlock {
  /** A free address, or `wanted` when it is in the block and free. Undefined when all are taken. */
  take(wanted?: string): string | undefined;
  giveBack(address: string): void;
  has(address: string): boolean;
}

/** `cidr` is `127.x.y.z/n` with n from 16 to 30. Network and broadcast addresses of each /24 are left out. */
export function createAddressBlock(cidr: string): AddressBlock {
  const { base, size } = parseBlock(cidr);
  const taken = new Set<number>();
  let next = 1;
  const inBlock = (address: string): number | undefined => {
    const offset = numberOf(address) - base;
    return Number.isInteger(offset) && offset > 0 && offset < size ? offset : undefined;
  };
  return {
    take: (wanted) => {
      const asked = wanted === undefined ? undefined : inBlock(wanted);
      if (asked !== undefined && !taken.has(asked)) {
        taken.add(asked);
        return wanted;
      }
      for (let tried = 0; tried < size; tried += 1) {
        const offset = next;
        next = next + 1 >= size ? 1 : next + 1;
        const last = (base + offset) & 0xff;
        if (last === 0 || last === 255 || taken.has(offset)) continue;
        taken.add(offset);
        return addressOf(base + offset);
      }
      return undefined;
    },
    giveBack: (address) => {
      const offset = inBlock(address);
      if (offset !== undefined) taken.delete(offset);
    },
    has: (address) => inBlock(address) !== undefined,
  };
}

function parseBlock(cidr: string): { readonly base: number; readonly size: number } {
  const match = /^(127\.\d{1,3}\.\d{1,3}\.\d{1,3})\/(1[6-9]|2[0-9]|30)$/.exec(cidr);
  const base = match ? numberOf(match[1]!) : Number.NaN;
  const size = match ? 2 ** (32 - Number(match[2])) : 0;
  if (!match || Number.isNaN(base) || base % size !== 0) {
    throw new Error(`cannot take addresses from ${JSON.stringify(cidr)}: it is not a block of loopback addresses such as 127.20.0.0/17`);
  }
  return { base, size };
}

function numberOf(address: string): number {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return Number.NaN;
  return ((parts[0]! * 256 + parts[1]!) * 256 + parts[2]!) * 256 + parts[3]!;
}

const addressOf = (value: number): string => [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
