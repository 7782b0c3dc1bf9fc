/**
 * What Redis does in one step. Leases are measured by Redis's own clock, so that the clocks of the
 * nodes do not matter. All keys share one hash tag.
 *
 * - `{presence}:nodes`: sorted set of nodes, by when their lease ends (ms).
 * - `{presence}:node:<id>`: set of the users on a node.
 * - `{presence}:lapsed:<id>`: a node that others have taken for dead, until it notices.
 */
export const KEYS = {
  nodes: '{presence}:nodes',
  users: (nodeId: string) => `{presence}:node:${nodeId}`,
  lapsed: (nodeId: string) => `{presence}:lapsed:${nodeId}`,
};

const NOW = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)`;

/** KEYS: nodes. ARGV: this node, SADD or SREM, user. Answers 1 when the user is on no other node. */
export const MOVE_USER = `${NOW}
redis.call(ARGV[2], '{presence}:node:' .. ARGV[1], ARGV[3])
for _, node in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
  if node ~= ARGV[1] and redis.call('SISMEMBER', '{presence}:node:' .. node, ARGV[3]) == 1 then
    return 0
  end
end
return 1`;

/** KEYS: nodes. ARGV: users. Answers those who are on a living node. */
export const FIND_ONLINE = `${NOW}
local nodes = redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')
local found = {}
for _, user in ipairs(ARGV) do
  for _, node in ipairs(nodes) do
    if redis.call('SISMEMBER', '{presence}:node:' .. node, user) == 1 then
      found[#found + 1] = user
      break
    end
  end
end
return found`;

/**
 * KEYS: nodes. ARGV: node, length of a lease (ms). Answers 1 for a lease that goes on, 0 for one that
 * had ended, in which case the node must note its users again, and 2 when others have seen it end.
 */
export const RENEW = `${NOW}
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
if redis.call('DEL', '{presence}:lapsed:' .. ARGV[1]) == 1 then return 2 end
if not ends or tonumber(ends) < now then return 0 end
return 1`;

/** KEYS: nodes. ARGV: node, milliseconds until its lease ends. */
export const RELEASE = `${NOW}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])`;

/**
 * KEYS: nodes. ARGV: how many users at most, how long a node may take to notice that it has lapsed (ms).
 * Answers when the lease of a dead node ended, and some of its users; nothing when no node is dead.
 */
export const TAKE_ORPHANS = `${NOW}
local dead = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. now, 'WITHSCORES', 'LIMIT', 0, 1)
if #dead == 0 then return nil end
local users = redis.call('SPOP', '{presence}:node:' .. dead[1], ARGV[1])
redis.call('SET', '{presence}:lapsed:' .. dead[1], 1, 'PX', ARGV[2])
if redis.call('EXISTS', '{presence}:node:' .. dead[1]) == 0 then
  redis.call('ZREM', KEYS[1], dead[1])
end
return { dead[2], users }`;
