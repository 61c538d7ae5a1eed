// The network of an address: of IPv6 the /64, however it is written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkOf } from '../../src/edge/network.ts';

const NETWORKS: Readonly<Record<string, string>> = {
  '192.0.2.7': '192.0.2.7',
  '192.0.2.7:4711': '192.0.2.7',
  '[192.0.2.7]': '192.0.2.7',
  '[2001:db8:1:2::1]:4711': '2001:db8:1:2::/64',
  '[2001:db8:1:2::1]': '2001:db8:1:2::/64',
  '::ffff:192.0.2.7': '192.0.2.7',
  '::FFFF:192.0.2.7': '192.0.2.7',
  '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
  '2001:0db8:0001:0002:ffff::1': '2001:db8:1:2::/64',
  '2001:DB8:1:2::': '2001:db8:1:2::/64',
  '2001:db8::1': '2001:db8:0:0::/64',
  '2001:db8:0:0:1::': '2001:db8:0:0::/64',
  'fe80::1%eth0': 'fe80:0:0:0::/64',
  '::1': '0:0:0:0::/64',
  '::': '0:0:0:0::/64',
  '64:ff9b::192.0.2.7': '64:ff9b:0:0::/64',
  '1:2:3:4:5:6:192.0.2.7': '1:2:3:4::/64',
};

for (const [address, network] of Object.entries(NETWORKS)) {
  test(`${address} is in ${network}`, () => assert.equal(networkOf(address), network));
}

test('one who has left, and what is no address, are all the same', () => {
  for (const none of [undefined, '', 'x', '[]', '1.2.3', 'x:1', ':1'.repeat(9_000)]) {
    assert.equal(networkOf(none), 'unknown');
  }
});
