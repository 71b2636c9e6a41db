<?php
/*
 * Hayauma from PHP, in one file and with PHP's own extensions only.
 *
 *   php examples/hayauma.php submit http://127.0.0.1:8484 shop 1000000
 *
 * makes a campaign of so many recipients on the channel "shop" and prints its id. The rows come from a generator and leave as they come: the memory
 * that it takes doesn't grow with the audience.
 *
 *   WEBHOOK_SECRET=whsec_… php -S 127.0.0.1:8900 examples/hayauma.php
 *
 * receives webhooks: it answers 401 to what isn't signed with the secret, or is older than five minutes, and prints each event once, also where
 * it is delivered again. Add it with: hayauma webhook add php --url http://127.0.0.1:8900/ --secret-env WEBHOOK_SECRET
 */

declare(strict_types=1);

/**
 * Submits a campaign and returns its id once it is durably accepted.
 *
 * The same $key with the same content is the same campaign, so after an error that isn't a refusal the call can be repeated as it is.
 *
 * @param array<string, mixed>            $campaign what a campaign file holds: name, channel, messages, schedule
 * @param iterable<array<string, mixed>>  $rows     user_id and the variables of each recipient
 * @throws RuntimeException with the daemon's words when it refuses, or when the connection breaks
 */
function hayauma_submit(string $server, string $key, array $campaign, iterable $rows, string $token = ''): string
{
    $url = parse_url($server);
    if (!isset($url['scheme'], $url['host']) || !in_array($url['scheme'], ['http', 'https'], true)) {
        throw new InvalidArgumentException("$server is no http or https URL");
    }
    $secure = $url['scheme'] === 'https';
    $port = $url['port'] ?? ($secure ? 443 : 80);
    $connection = @stream_socket_client(($secure ? 'tls' : 'tcp') . "://{$url['host']}:$port", $number, $why, 10);
    if ($connection === false) {
        throw new RuntimeException("no connection to $server: $why");
    }
    stream_set_timeout($connection, 150); // an audience is read back before it is accepted
    $boundary = bin2hex(random_bytes(16));
    $head = "POST /v1/campaigns HTTP/1.1\r\nHost: {$url['host']}:$port\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"
        . "Content-Type: multipart/form-data; boundary=$boundary\r\nIdempotency-Key: $key\r\n"
        . ($token === '' ? '' : "Authorization: Bearer $token\r\n") . "\r\n";
    try {
        hayauma_write($connection, $head);
        $buffer = "--$boundary\r\nContent-Disposition: form-data; name=\"campaign\"\r\nContent-Type: application/json\r\n\r\n"
            . json_encode($campaign, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE)
            . "\r\n--$boundary\r\nContent-Disposition: form-data; name=\"audience\"; filename=\"audience.ndjson\"\r\n"
            . "Content-Type: application/x-ndjson\r\n\r\n";
        foreach ($rows as $row) {
            $buffer .= json_encode($row, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE) . "\n";
            if (strlen($buffer) >= 1 << 16) {
                hayauma_chunk($connection, $buffer);
                $buffer = '';
            }
        }
        hayauma_chunk($connection, "$buffer\r\n--$boundary--\r\n");
        hayauma_write($connection, "0\r\n\r\n");
    } catch (HayaumaHungUp) {
        // The daemon has answered before it had all: it says why.
    }
    [$status, $body] = hayauma_answer($connection);
    fclose($connection);
    $answer = json_decode($body, true);
    if ($status !== 202 || !isset($answer['id'])) {
        $lines = array_map(fn ($e) => "\n  {$e['location']}: {$e['message']}", $answer['errors'] ?? []);
        throw new RuntimeException("$status " . ($answer['title'] ?? 'refused') . ': ' . ($answer['detail'] ?? $body) . implode('', $lines));
    }
    return $answer['id'];
}

/**
 * Returns a webhook's event, or null where it isn't signed with the secret or is too old. Compare ids: an event may come more than once.
 *
 * @param array<string, string> $headers by their names in lower case
 * @return array<string, mixed>|null
 */
function hayauma_verify(array $headers, string $body, string $secret, int $tolerance = 300): ?array
{
    $id = $headers['webhook-id'] ?? '';
    $at = $headers['webhook-timestamp'] ?? '';
    if ($id === '' || !ctype_digit($at) || abs(time() - (int) $at) > $tolerance) {
        return null;
    }
    $key = str_starts_with($secret, 'whsec_') ? base64_decode(substr($secret, 6), true) : $secret;
    $want = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$at.$body", (string) $key, true));
    foreach (explode(' ', $headers['webhook-signature'] ?? '') as $signature) {
        if (hash_equals($want, $signature)) {
            return json_decode($body, true, 512, JSON_THROW_ON_ERROR);
        }
    }
    return null;
}

final class HayaumaHungUp extends RuntimeException
{
}

/** @param resource $connection */
function hayauma_write($connection, string $data): void
{
    while ($data !== '') {
        $n = @fwrite($connection, $data);
        if ($n === false || $n === 0) {
            throw new HayaumaHungUp();
        }
        $data = substr($data, $n);
    }
}

/** @param resource $connection */
function hayauma_chunk($connection, string $data): void
{
    hayauma_write($connection, dechex(strlen($data)) . "\r\n$data\r\n");
}

/**
 * @param resource $connection
 * @return array{int, string} status and body
 */
function hayauma_answer($connection): array
{
    $answer = (string) stream_get_contents($connection);
    if (!preg_match('~^HTTP/1\.[01] (\d{3})~', $answer, $line) || !str_contains($answer, "\r\n\r\n")) {
        throw new RuntimeException('the connection broke before there was an answer: submit again with the same key');
    }
    [$head, $body] = explode("\r\n\r\n", $answer, 2);
    if (stripos($head, "\r\ntransfer-encoding: chunked") !== false) {
        for ($whole = ''; preg_match('~^([0-9a-f]+)[^\r]*\r\n~i', $body, $size) && hexdec($size[1]) > 0; ) {
            $whole .= substr($body, strlen($size[0]), (int) hexdec($size[1]));
            $body = substr($body, strlen($size[0]) + (int) hexdec($size[1]) + 2);
        }
        $body = $whole;
    }
    return [(int) $line[1], $body];
}

if (PHP_SAPI === 'cli-server') { // php -S: receive webhooks
    $event = hayauma_verify(array_change_key_case(getallheaders()), (string) file_get_contents('php://input'), (string) getenv('WEBHOOK_SECRET'));
    if ($event === null) {
        http_response_code(401);
        return;
    }
    $seen = sys_get_temp_dir() . '/hayauma-webhooks';
    @mkdir($seen, 0700);
    if (@fopen("$seen/" . preg_replace('~[^0-9A-Za-z-]~', '', $event['id']), 'x') !== false) { // the first time
        file_put_contents('php://stderr', isset($event['campaign']) // a test has none
            ? "{$event['type']} {$event['campaign']['id']} {$event['campaign']['state']}\n" : "{$event['type']}\n");
    }
    http_response_code(204);
    return;
}

if (PHP_SAPI === 'cli' && realpath($argv[0]) === __FILE__) {
    if ($argc !== 5 || $argv[1] !== 'submit' || !ctype_digit($argv[4])) {
        fwrite(STDERR, "usage: php hayauma.php submit SERVER CHANNEL RECIPIENTS\n");
        exit(2);
    }
    $rows = (function (int $n) {
        for ($i = 1; $i <= $n; $i++) {
            yield ['user_id' => sprintf('U%032x', $i), 'name' => "friend $i"];
        }
    })((int) $argv[4]);
    $campaign = [
        'name' => 'from PHP', 'channel' => $argv[3],
        'messages' => [['type' => 'text', 'text' => 'Hello {{ name }}.']],
    ];
    try {
        echo hayauma_submit($argv[2], bin2hex(random_bytes(16)), $campaign, $rows, (string) getenv('HAYAUMA_TOKEN')), "\n";
    } catch (Throwable $e) {
        fwrite(STDERR, $e->getMessage() . "\n");
        exit(1);
    }
    fprintf(STDERR, "%d MiB at most\n", memory_get_peak_usage(true) >> 20);
}
