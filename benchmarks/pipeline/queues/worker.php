<?php
// A delivery program as PHP shops build it: a Redis list of waiting jobs, a sorted set of delayed ones, a sorted set of jobs in hand,
// and PHP CLI processes. One process runs one role; where it is to work stands as JSON in the second argument. Composers and workers are
// started before there is a job, and take it from a list.
//
//   compose  reads the audience and pushes one job per request
//   work     takes a job, calls the provider over a connection that is kept, records the outcome and takes the next one
//   move     moves due delayed jobs, and jobs whose holder was not heard of for too long, back to the list
//   late     takes delayed jobs and records how late they are

const QUEUE = 'jobs', DELAYED = 'jobs:delayed', RESERVED = 'jobs:reserved', RESULTS = 'jobs:results', LATE = 'jobs:late';
const ORDERS = 'orders:', BEGIN = 'begin';
const PACE_SLACK = 0.05;
const ATTEMPTS = 25, RETRY_DELAY = 1.0, VISIBILITY = 30.0;

// One round trip a job: record the outcome of the last one, take the next one and note it as in hand.
const TURN = <<<'LUA'
if ARGV[1] ~= '' then
  redis.call('zrem', KEYS[3], ARGV[1])
  redis.call('hincrby', KEYS[4], ARGV[2], 1)
  if ARGV[3] ~= '' then redis.call('zadd', KEYS[2], ARGV[4], ARGV[3]) end
end
local job = redis.call('lpop', KEYS[1])
if job then redis.call('zadd', KEYS[3], ARGV[5], job) end
return job
LUA;

const MOVE = <<<'LUA'
local moved = 0
for i = 2, 3 do
  local due = redis.call('zrangebyscore', KEYS[i], '-inf', ARGV[1], 'LIMIT', 0, 500)
  if #due > 0 then
    redis.call('rpush', KEYS[1], unpack(due))
    redis.call('zrem', KEYS[i], unpack(due))
    moved = moved + #due
  end
end
return moved
LUA;

const KEYS = [QUEUE, DELAYED, RESERVED, RESULTS];

ini_set('precision', '-1'); // times are written with all their digits, not with 14: those would be up to 50 µs early
[$program, $role, $spec] = $argv;
$spec = json_decode($spec, true, 512, JSON_THROW_ON_ERROR);
$redis = new Redis();
$redis->connect($spec['address']);
$redis->setOption(Redis::OPT_READ_TIMEOUT, -1);

match ($role) {
    'compose' => compose($redis, orders($redis, $role, $spec)),
    'work' => work($redis, orders($redis, $role, $spec)),
    'move' => move($redis, $spec),
    'late' => late($redis, $spec),
};

// orders waits for the job.
function orders(Redis $redis, string $role, array $spec): array
{
    echo json_encode(['started' => true]), "\n";
    return $spec + json_decode(await($redis, ORDERS . $role), true, 512, JSON_THROW_ON_ERROR);
}

// await takes from a list, however long that takes.
function await(Redis $redis, string $list): string
{
    return $redis->blPop($list, 0)[1];
}

function ready(): void
{
    echo json_encode(['ready' => true]), "\n";
}

function rest(): never
{
    while (true) {
        sleep(3600);
    }
}

function evaluate(Redis $redis, string $sha, array $arguments): mixed
{
    return $redis->evalSha($sha, array_merge(KEYS, $arguments), count(KEYS));
}

function uuid(): string
{
    $b = random_bytes(16);
    $b[6] = chr(ord($b[6]) & 0x0f | 0x40);
    $b[8] = chr(ord($b[8]) & 0x3f | 0x80);
    return vsprintf('%s%s-%s-%s-%s-%s%s%s', str_split(bin2hex($b), 4));
}

function encode(mixed $value): string
{
    return json_encode($value, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES);
}

// compose

function compose(Redis $redis, array $spec): never
{
    $recipients = 0;
    $batch = [];
    foreach (jobs($spec) as $job) {
        $recipients += is_array($job['to']) ? count($job['to']) : 1;
        $batch[] = encode($job);
        if (count($batch) == 1000) {
            $redis->rPush(QUEUE, ...$batch);
            $batch = [];
        }
    }
    if ($batch) {
        $redis->rPush(QUEUE, ...$batch);
    }
    if ($recipients != $spec['recipients']) {
        fwrite(STDERR, "the audience has $recipients recipients, the job says {$spec['recipients']}\n");
        exit(1);
    }
    ready();
    rest();
}

function jobs(array $spec): Generator
{
    $to = [];
    foreach (rows($spec['audience']) as $row) {
        if ($spec['kind'] == 'push') {
            yield ['key' => uuid(), 'to' => $row['user_id'], 'name' => $row['name'], 'coupon' => $row['coupon']];
            continue;
        }
        $to[] = $row['user_id'];
        if (count($to) == $spec['most']) {
            yield ['key' => uuid(), 'to' => $to];
            $to = [];
        }
    }
    if ($to) {
        yield ['key' => uuid(), 'to' => $to];
    }
}

function rows(string $path): Generator
{
    $file = fopen($path, 'r');
    $header = fgetcsv($file, null, ',', '"', '');
    while (($row = fgetcsv($file, null, ',', '"', '')) !== false) {
        if ($row !== [null]) {
            yield array_combine($header, $row);
        }
    }
}

// work

function work(Redis $redis, array $spec): never
{
    $turn = $redis->script('load', TURN);
    $curl = connection($spec);
    ready();
    await($redis, BEGIN);
    // Each worker keeps its share of the provider's rate, beginning at its own place in the first interval.
    $interval = $spec['rate'] > 0 ? $spec['workers'] / $spec['rate'] : 0.0;
    $next = microtime(true) + $interval * $spec['worker'] / $spec['workers'];
    $outcome = ['', '', '', 0];
    while (true) {
        $text = evaluate($redis, $turn, [...$outcome, microtime(true) + VISIBILITY]);
        if ($text === false) {
            $outcome = ['', '', '', 0];
            usleep(10000);
            continue;
        }
        if ($interval > 0) {
            $next = pace($next, $interval);
        }
        $job = json_decode($text, true, 512, JSON_THROW_ON_ERROR);
        $outcome = outcome($text, $job, post($curl, $spec, $job));
    }
}

// pace waits for the worker's next turn and returns the one after. Turns that it missed are kept as long as by the other systems.
function pace(float $next, float $interval): float
{
    $now = microtime(true);
    $next = max($next, $now - PACE_SLACK);
    if ($next > $now) {
        usleep((int) (($next - $now) * 1e6));
    }
    return $next + $interval;
}

function connection(array $spec): CurlHandle
{
    $curl = curl_init($spec['endpoint'] . '/v2/bot/message/' . $spec['kind']);
    curl_setopt_array($curl, [
        CURLOPT_POST => true,
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_HTTP_VERSION => CURL_HTTP_VERSION_1_1,
        CURLOPT_CONNECTTIMEOUT_MS => 10000,
        CURLOPT_TIMEOUT_MS => 10000,
    ]);
    return $curl;
}

// post returns the HTTP status, 0 where there was no answer.
function post(CurlHandle $curl, array $spec, array $job): int
{
    $text = $spec['text'];
    if ($spec['kind'] == 'push') {
        $text = str_replace(['{{ name }}', '{{ coupon }}'], [$job['name'], $job['coupon']], $text);
    }
    curl_setopt($curl, CURLOPT_HTTPHEADER, [
        'Content-Type: application/json',
        'Authorization: Bearer ' . $spec['token'],
        'X-Line-Retry-Key: ' . $job['key'],
        'Expect:',
    ]);
    curl_setopt($curl, CURLOPT_POSTFIELDS, encode(['to' => $job['to'], 'messages' => [['type' => 'text', 'text' => $text]]]));
    if (curl_exec($curl) === false) {
        return 0;
    }
    return curl_getinfo($curl, CURLINFO_RESPONSE_CODE);
}

// outcome is what TURN is to record: the job, the counter, the job to repeat and when.
function outcome(string $text, array $job, int $status): array
{
    if ($status == 200 || $status == 409) {
        return [$text, 'done', '', 0];
    }
    $job['attempts'] = ($job['attempts'] ?? 0) + 1;
    $again = $status == 0 || $status == 408 || $status == 429 || $status >= 500;
    if (!$again || $job['attempts'] >= ATTEMPTS) {
        return [$text, 'failed', '', 0];
    }
    return [$text, 'again', encode($job), microtime(true) + RETRY_DELAY];
}

// move

function move(Redis $redis, array $spec): never
{
    $move = $redis->script('load', MOVE);
    ready();
    while (true) {
        if (evaluate($redis, $move, [microtime(true)]) == 0) {
            usleep($spec['poll_us']);
        }
    }
}

// late

function late(Redis $redis, array $spec): never
{
    $turn = $redis->script('load', TURN);
    ready();
    $outcome = ['', '', '', 0];
    $late = [];
    $idle = 0;
    while (true) {
        $text = evaluate($redis, $turn, [...$outcome, microtime(true) + VISIBILITY]);
        $outcome = ['', '', '', 0];
        if ($text === false) {
            // What was measured is told when there has been nothing to do for half a second.
            if (++$idle >= 50 && $late) {
                $redis->rPush(LATE, ...$late);
                $late = [];
            }
            usleep(10000);
            continue;
        }
        $idle = 0;
        $late[] = microtime(true) - json_decode($text, true)['due'];
        $outcome = [$text, 'done', '', 0];
    }
}
