package redisqueue_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/redisqueue"
)

// server starts a Redis that keeps nothing, and returns the path of its socket.
func server(t *testing.T, args ...string) (path string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed (Debian: apt-get install redis-server)")
	}
	dir, err := os.MkdirTemp("", "redis-") // the test's own directory has too long a name for a socket
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(dir, "socket")
	cmd := exec.Command(program, append([]string{"--port", "0", "--unixsocket", path, "--save", "", "--dir", dir}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return path
		} else if time.Now().After(deadline) {
			t.Fatal("Redis doesn't listen")
		}
	}
}

// fill does what the fixture says.
func fill(t *testing.T, socket string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "queue.redis"))
	if err != nil {
		t.Fatal(err)
	}
	var commands strings.Builder
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "#") {
			commands.WriteString(line)
		}
	}
	cmd := exec.Command("redis-cli", "-s", socket)
	cmd.Stdin = strings.NewReader(commands.String())
	if out, err := cmd.CombinedOutput(); err != nil || strings.Contains(string(out), "ERR") {
		t.Fatalf("redis-cli: %v: %s", err, out)
	}
}

// connected is a connection to a server, with the fixture's two stages.
func connected(t *testing.T, a redisqueue.Address) []redisqueue.Stage {
	t.Helper()
	s, err := redisqueue.Connect(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	ready, err := s.List(t.Context(), redisqueue.DefaultList)
	if err != nil {
		t.Fatal(err)
	}
	delayed, err := s.SortedSet(t.Context(), redisqueue.DefaultSortedSet, redisqueue.Auto)
	if err != nil {
		t.Fatal(err)
	}
	return []redisqueue.Stage{ready, delayed}
}

// overHTTP is a daemon behind the real client.
func overHTTP(t *testing.T, d *daemon) redisqueue.Send {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/v1/channels/shop/messages" || r.Header.Get("Content-Type") != "application/x-ndjson" {
			t.Errorf("%s %s of %s", r.Method, r.URL.Path, r.Header.Get("Content-Type"))
		}
		sent, err := d.send(r.Context(), "shop", r.Body)
		if err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusAccepted)
		_ = json.NewEncoder(w).Encode(client.Sent(sent))
	}))
	t.Cleanup(server.Close)
	c, err := client.New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return func(ctx context.Context, channel string, ndjson io.Reader) (redisqueue.Sent, error) {
		sent, err := c.SendMessages(ctx, channel, ndjson)
		return redisqueue.Sent(sent), err
	}
}

func TestFixture(t *testing.T) {
	socket := server(t)
	fill(t, socket)
	d := &daemon{T: t}
	i := importing(d)
	i.Stages = connected(t, redisqueue.Address{Addr: socket})

	i.Send = nil
	r := run(t, i)
	var rows []string
	for _, row := range r.First {
		at := "now"
		if row.At != nil {
			at = row.At.Format(time.RFC3339Nano)
		}
		rows = append(rows, strings.Join([]string{row.Stage, row.Channel, row.Key, row.To[31:], at, string(row.Messages)}, " "))
	}
	want := []string{
		`list jobs shop order-1001 01 now [{"type":"text","text":"Your order is on its way."}]`,
		`list jobs shop 1002/U00000000000000000000000000000001 01 now [{"type":"text","text":"We have moved."}]`,
		`list jobs shop 1002/U00000000000000000000000000000002 02 now [{"type":"text","text":"We have moved."}]`,
		`list jobs shop order-1003 03 now [{"type":"text","text":"早馬です"}]`,
		`zset jobs:delayed shop reminder-0 02 2023-11-14T22:13:20Z [{"type":"text","text":"Better late than never."}]`,
		`zset jobs:delayed shop reminder-1 01 2030-04-01T00:00:00Z [{"type":"text","text":"Tomorrow is the day."}]`,
		`zset jobs:delayed shop sha256:… 02 2030-04-01T00:00:00.5Z [{"type":"text","text":"No id: the hash of the job is the key."}]`,
	}
	if len(rows) == len(want) && strings.Contains(rows[6], "sha256:") {
		rows[6] = strings.Replace(rows[6], strings.Fields(rows[6])[3], "sha256:…", 1)
	}
	if !slices.Equal(rows, want) {
		t.Errorf("it would schedule\n%s", strings.Join(rows, "\n"))
	}
	problems := []redisqueue.Problem{{"list jobs", 3, "has no to"}, {"zset jobs:delayed", 3, "is not a JSON object (invalid character 'O' looking for beginning of value)"}}
	if c := r.Channels[0]; c.Now != 5 || c.Later != 2 || !slices.Equal(r.Problems, problems) {
		t.Errorf("%+v, %v", c, r.Problems)
	}

	i.Send = overHTTP(t, d)
	run(t, i)
	if len(d.accepted) != 7 {
		t.Errorf("%v are accepted", d.accepted)
	}
	all := dump(t, socket)
	i.Remove = true
	d.before = func(int) error { return io.ErrUnexpectedEOF }
	if _, err := i.Run(t.Context()); err == nil {
		t.Error("a broken request ends well")
	}
	if left := dump(t, socket); len(all) != 8 || !slices.Equal(left, all) {
		t.Errorf("nothing was accepted, and there are %v instead of %v", left, all)
	}
	d.before = nil
	r = run(t, i)
	if c := r.Channels[0]; c.Accepted != 7 || c.Repeated != 7 || len(d.accepted) != 7 {
		t.Errorf("imported again: %+v, %d messages", c, len(d.accepted))
	}
	if left := dump(t, socket); len(left) != 2 || !strings.Contains(left[0], "order-1004") || !strings.Contains(left[1], "stdClass") {
		t.Errorf("left are %v", left)
	}
	if r = run(t, i); r.Stages[0].Jobs != 1 || r.Stages[1].Jobs != 1 || r.Refused != 2 || len(r.Channels) != 0 {
		t.Errorf("a third time: %+v", r)
	}
}

// dump is all that the two keys hold.
func dump(t *testing.T, socket string) []string {
	t.Helper()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	defer c.Close()
	ready, err := c.LRange(t.Context(), redisqueue.DefaultList, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	delayed, err := c.ZRange(t.Context(), redisqueue.DefaultSortedSet, 0, -1).Result()
	if err != nil {
		t.Fatal(err)
	}
	return append(ready, delayed...)
}

// Pages and removals fit together on a real server, also with equal jobs; what others have taken is told.
func TestManyJobs(t *testing.T) {
	socket := server(t)
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: socket})
	defer c.Close()
	const n = 2300
	pipe := c.Pipeline()
	for i := range n {
		j := job(time.Duration(i/2).String(), user1).Payload // every job stands there twice
		if i > 1000 && i%100 == 99 {
			j = "bad"
		}
		pipe.RPush(t.Context(), redisqueue.DefaultList, j)
		pipe.ZAdd(t.Context(), redisqueue.DefaultSortedSet, redis.Z{Score: float64(1901232000000 + i), Member: job("d"+time.Duration(i).String(), user1).Payload})
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	d := &daemon{T: t}
	i := importing(d)
	i.Stages, i.Remove = connected(t, redisqueue.Address{Addr: "unix://" + socket}), true
	d.after = func(request int) error {
		if request == 1 { // a worker that still runs: it takes what was handed over, and is to be removed
			return c.LPop(context.Background(), redisqueue.DefaultList).Err()
		}
		return nil
	}
	r := run(t, i)
	if got, want := r.Stages[0], (redisqueue.StageReport{Stage: "list jobs", Jobs: n, Removed: n - 13 - 1, Gone: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if left := dump(t, socket); len(left) != 13 || slices.ContainsFunc(left, func(j string) bool { return j != "bad" }) {
		t.Errorf("%d jobs are left", len(left))
	}
	if want := 1150 + n; len(d.accepted) != want {
		t.Errorf("%d messages were accepted, not %d", len(d.accepted), want)
	}
	if r.Stages[1].Removed != n || r.Refused != 13 {
		t.Errorf("%+v", r)
	}
}

func TestRedisRefuses(t *testing.T) {
	socket := server(t, "--requirepass", "secret")
	_, err := redisqueue.Connect(t.Context(), redisqueue.Address{Addr: socket})
	if err == nil || !strings.Contains(err.Error(), "REDIS_PASSWORD") || !strings.Contains(err.Error(), socket) {
		t.Errorf("without a password: %v", err)
	}
	s, err := redisqueue.Connect(t.Context(), redisqueue.Address{Addr: socket, Password: "secret", DB: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: socket, Password: "secret", DB: 3})
	defer c.Close()
	if err := c.HSet(t.Context(), "hash", "a", "b").Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "hash"); err == nil || err.Error() != "key hash is a hash, not a list" {
		t.Errorf("a hash as a list: %v", err)
	}
	if _, err := s.SortedSet(t.Context(), "hash", redisqueue.Auto); err == nil || err.Error() != "key hash is a hash, not a zset" {
		t.Errorf("a hash as a sorted set: %v", err)
	}
	none, err := s.List(t.Context(), "none")
	if err != nil {
		t.Fatal(err)
	}
	if jobs, err := none.Page(t.Context(), 0, 10); err != nil || len(jobs) != 0 {
		t.Errorf("a list that isn't there: %v, %v", jobs, err)
	}
}

func TestNoRedis(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:1", filepath.Join(t.TempDir(), "socket"), "redis://127.0.0.1:1/2"} {
		if _, err := redisqueue.Connect(t.Context(), redisqueue.Address{Addr: addr}); err == nil || !strings.Contains(err.Error(), "no answer from Redis at") {
			t.Errorf("%s: %v", addr, err)
		}
	}
	if _, err := redisqueue.Connect(t.Context(), redisqueue.Address{Addr: "http://127.0.0.1"}); err == nil || !strings.Contains(err.Error(), "--addr") {
		t.Errorf("error %v", err)
	}
}
