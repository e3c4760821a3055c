//! What Redis does for board copies, in one step each.
//!
//! A family is a hash: `token`, which every write replaces; `epoch`, that of our namespace when it was forgotten; `at`,
//! up to where its boards are complete, absent while they are loaded; and for each board, under `=` and its name, how
//! many lines it has. A board is a sorted set of players by *negated* value, since Redis orders equal scores by member
//! in the direction it reads: so both value and player run as a board's lines do. The games are a hash beside it.
//!
//! What doesn't fit together (an evicted key, another epoch) is as good as lost. A family's hash ends before its boards.

use std::sync::LazyLock;

use deadpool_redis::redis::Script;

/// The boards that are here, or nothing if one isn't whole; and how long all of it is kept.
const FAMILY: &str = "
    local family = KEYS[2]
    local function sorted(board) return family .. ':z' .. board end
    local function games(board) return family .. ':g' .. board end
    local function current(epoch) return epoch and epoch == redis.call('GET', KEYS[1]) end
    local function boards()
      local fields, found = redis.call('HGETALL', family), {}
      for i = 1, #fields, 2 do
        local board, lines = fields[i], tonumber(fields[i + 1])
        if string.sub(board, 1, 1) == '=' then
          if redis.call('ZCARD', sorted(board)) ~= lines then return nil end
          if redis.call('HLEN', games(board)) ~= lines then return nil end
          found[board] = true
        end
      end
      return found
    end
    local function keep(found, ttl)
      for board in pairs(found) do
        redis.call('PEXPIRE', sorted(board), ttl + 60000)
        redis.call('PEXPIRE', games(board), ttl + 60000)
      end
      redis.call('PEXPIRE', family, ttl)
    end
";

/// A board that can be asked: `KEYS[3]` and `KEYS[4]` are its lines and games.
const BOARD: &str = "
    local state = redis.call('HMGET', KEYS[2], 'at', 'epoch', ARGV[1])
    if not state[1] or not state[2] or not state[3] then return false end
    if state[2] ~= redis.call('GET', KEYS[1]) then return false end
    local of = redis.call('ZCARD', KEYS[3])
    if of ~= tonumber(state[3]) or redis.call('HLEN', KEYS[4]) ~= of then return false end
";

fn with(before: &str, script: &str) -> Script {
    Script::new(&format!("{before}{script}"))
}

/// The token and the place of a family that is complete.
pub(crate) static STATE: LazyLock<Script> = LazyLock::new(|| {
    with(
        FAMILY,
        "local state = redis.call('HMGET', family, 'token', 'at', 'epoch')
         if not state[1] or not state[2] or not current(state[3]) or not boards() then return false end
         return {state[1], state[2]}",
    )
});

/// Removes a family; who has the token may load it. `ARGV`: an epoch if there is none, the token, the time to live.
pub(crate) static FORGET: LazyLock<Script> = LazyLock::new(|| {
    with(
        FAMILY,
        "local epoch = redis.call('GET', KEYS[1])
         if not epoch then epoch = ARGV[1]; redis.call('SET', KEYS[1], epoch) end
         for _, board in ipairs(redis.call('HKEYS', family)) do
           if string.sub(board, 1, 1) == '=' then redis.call('UNLINK', sorted(board), games(board)) end
         end
         redis.call('UNLINK', family)
         redis.call('HSET', family, 'token', ARGV[2], 'epoch', epoch)
         keep({}, ARGV[3])
         return 1",
    )
});

/// Changes lines. `ARGV`: the token and the place that must stand, those that stand then (no place: it is being
/// loaded), whether boards that aren't here begin, the time to live; then for each board its name, how many lines are
/// set and how many removed, value and player of the former, their games, players of the latter.
pub(crate) static WRITE: LazyLock<Script> = LazyLock::new(|| {
    with(
        FAMILY,
        "local state = redis.call('HMGET', family, 'token', 'at', 'epoch')
         if state[1] ~= ARGV[1] or (state[2] or '') ~= ARGV[2] or not current(state[3]) then return 0 end
         local here = boards()
         if not here then return 0 end
         local i = 7
         while ARGV[i] do
           local board, set, removed = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
           local values, counts = i + 3, i + 3 + 2 * set
           local gone = counts + 2 * set
           i = gone + removed
           if ARGV[5] == '1' and not here[board] then
             redis.call('UNLINK', sorted(board), games(board))
             here[board] = true
           end
           if here[board] then
             if set > 0 then
               redis.call('ZADD', sorted(board), unpack(ARGV, values, counts - 1))
               redis.call('HSET', games(board), unpack(ARGV, counts, gone - 1))
             end
             if removed > 0 then
               redis.call('ZREM', sorted(board), unpack(ARGV, gone, i - 1))
               redis.call('HDEL', games(board), unpack(ARGV, gone, i - 1))
             end
             redis.call('HSET', family, board, redis.call('ZCARD', sorted(board)))
           end
         end
         redis.call('HSET', family, 'token', ARGV[3])
         if ARGV[4] == '' then redis.call('HDEL', family, 'at') else redis.call('HSET', family, 'at', ARGV[4]) end
         keep(here, ARGV[6])
         return 1",
    )
});

/// Ends a load. `ARGV`: the token that must stand, the one that stands then, the place, the time to live, the boards.
pub(crate) static LOADED: LazyLock<Script> = LazyLock::new(|| {
    with(
        FAMILY,
        "local state = redis.call('HMGET', family, 'token', 'at', 'epoch')
         if state[1] ~= ARGV[1] or state[2] or not current(state[3]) then return 0 end
         local found, here = boards(), {}
         if not found then return 0 end
         for i = 5, #ARGV do
           here[ARGV[i]] = true
           if not found[ARGV[i]] then
             redis.call('UNLINK', sorted(ARGV[i]), games(ARGV[i]))
             redis.call('HSET', family, ARGV[i], 0)
           end
         end
         for board in pairs(found) do
           if not here[board] then
             redis.call('UNLINK', sorted(board), games(board))
             redis.call('HDEL', family, board)
           end
         end
         redis.call('HSET', family, 'token', ARGV[2], 'at', ARGV[3])
         keep(here, ARGV[4])
         return 1",
    )
});

/// Part of a board. `ARGV`: the board, how many lines, the span's word, its player and value. Answers the index of the
/// first line sent, its rank, how many lines to leave out before and to show then, players and values, games: a line
/// more at each end, to know of ties.
///
/// Players are compared byte by byte, as Redis does; Lua's own order would be the server's language's.
pub(crate) static LINES: LazyLock<Script> = LazyLock::new(|| {
    with(
        BOARD,
        "local limit, span, player, value = tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
         local from = 0
         if span == 'around' then
           local at = redis.call('ZRANK', KEYS[3], player)
           if not at then return {0, 0, 0, 0, {}, {}} end
           local above = math.floor(limit / 2)
           from = math.max(at - above, 0)
           limit = limit - above + at - from
         elseif span == 'after' then
           local low = redis.call('ZCOUNT', KEYS[3], '-inf', '(' .. value)
           local high = redis.call('ZCOUNT', KEYS[3], '-inf', value)
           local function beyond(other)
             for i = 1, #player do
               local one, two = string.byte(other, i) or 0, string.byte(player, i)
               if one ~= two then return one > two end
             end
             return false
           end
           while low < high do
             local middle = math.floor((low + high) / 2)
             if beyond(redis.call('ZRANGE', KEYS[3], middle, middle)[1]) then high = middle else low = middle + 1 end
           end
           from = low
         end
         local first = math.max(from - 1, 0)
         local found = redis.call('ZRANGE', KEYS[3], first, from + limit, 'WITHSCORES')
         if limit < 1 or #found == 0 then return {0, 0, 0, 0, {}, {}} end
         local rank = redis.call('ZCOUNT', KEYS[3], '-inf', '(' .. found[2]) + 1
         local players = {}
         for i = 1, #found, 2 do players[#players + 1] = found[i] end
         return {first, rank, from - first, limit, found, redis.call('HMGET', KEYS[4], unpack(players))}",
    )
});

/// A player's place. `ARGV`: the board and the player. Answers whether there is one, value, games, how many are higher,
/// how many have this value, how many there are.
pub(crate) static PLACE: LazyLock<Script> = LazyLock::new(|| {
    with(
        BOARD,
        "local value = redis.call('ZSCORE', KEYS[3], ARGV[2])
         if not value then return {0, '0', 0, 0, 0, of} end
         local games = redis.call('HGET', KEYS[4], ARGV[2])
         if not games then return false end
         local higher = redis.call('ZCOUNT', KEYS[3], '-inf', '(' .. value)
         return {1, value, games, higher, redis.call('ZCOUNT', KEYS[3], value, value), of}",
    )
});
