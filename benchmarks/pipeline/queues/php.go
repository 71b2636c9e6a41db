package queues

import (
	"context"
	_ "embed" // worker.php
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"hayauma.example/benchmarks/experiment"
	"hayauma.example/benchmarks/pipeline"
	"hayauma.example/benchmarks/servers"
)

//go:embed worker.php
var workerPHP []byte

// phpSpec is what a PHP process is told when it starts.
type phpSpec struct {
	Address    string `json:"address"`
	Worker     int    `json:"worker"` // from 0
	Workers    int    `json:"workers"`
	PollMicros int64  `json:"poll_us"` // of the mover
}

// phpOrders are what composers and workers are told of a job.
type phpOrders struct {
	Kind       pipeline.Kind `json:"kind"`
	Recipients int           `json:"recipients"`
	Most       int           `json:"most"` // recipients of a multicast
	Audience   string        `json:"audience"`
	Endpoint   string        `json:"endpoint"`
	Text       string        `json:"text"`
	Token      string        `json:"token"`
	Rate       int           `json:"rate"`
}

// phpPoll is how long the mover rests when nothing was due.
const phpPoll = 10 * time.Millisecond

// phpProgram is the script on disk and the store it works with.
type phpProgram struct {
	php, script string
}

func newPHPProgram(dir string) (phpProgram, error) {
	php, err := exec.LookPath("php")
	if err != nil {
		return phpProgram{}, err
	}
	p := phpProgram{php: php, script: filepath.Join(dir, "worker.php")}
	return p, os.WriteFile(p.script, workerPHP, 0o600)
}

func (p phpProgram) start(role string, spec phpSpec) (*experiment.Process, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, err
	}
	return experiment.Start(exec.Command(p.php, p.script, role, string(text)))
}

// missingPHP says why no PHP worker can run here.
var missingPHP = sync.OnceValue(func() string {
	php, err := exec.LookPath("php")
	if err != nil {
		return "php is not installed (Debian: apt-get install php-cli php-redis php-curl)"
	}
	loaded, err := exec.Command(php, "-m").Output()
	if err != nil {
		return "php -m fails: " + err.Error()
	}
	modules := strings.Fields(string(loaded))
	for _, m := range []string{"redis", "curl"} {
		if !slices.Contains(modules, m) {
			return "PHP has no extension " + m + " (Debian: apt-get install php-" + m + ")"
		}
	}
	return ""
})

// phpStore is a Redis list, two sorted sets, and PHP processes.
type phpStore struct {
	program phpProgram
	address string
	workers int
	redis   *redis.Client
}

func openPHP(workers int) func(context.Context, string) (pipeline.System, error) {
	return func(ctx context.Context, dir string) (pipeline.System, error) {
		program, err := newPHPProgram(dir)
		if err != nil {
			return nil, err
		}
		server, err := servers.Redis(ctx, dir)
		if err != nil {
			return nil, err
		}
		s := &phpStore{program: program, address: server.Address, workers: workers, redis: dialRedis(server.Address)}
		return newSystem(ctx, server, s, 20*time.Millisecond)
	}
}

func dialRedis(address string) *redis.Client {
	return redis.NewClient(&redis.Options{Network: "unix", Addr: address})
}

func (s *phpStore) staff(fresh bool, join func(*experiment.Process)) error {
	spec := phpSpec{Address: s.address, Workers: s.workers, PollMicros: phpPoll.Microseconds()}
	roles := slices.Repeat([]string{"work"}, s.workers)
	roles = append(roles, "move")
	if fresh {
		roles = append(roles, "compose")
	}
	for i, role := range roles {
		spec.Worker = i
		p, err := s.program.start(role, spec)
		if err != nil {
			return err
		}
		join(p)
	}
	return nil
}

// launch writes one copy of the job for each process that waits for it.
func (s *phpStore) launch(ctx context.Context, job pipeline.Job, fresh bool, _ func(*experiment.Process)) error {
	o := phpOrders{
		Kind: job.Kind, Recipients: job.Recipients, Most: most, Audience: job.Audience, Endpoint: job.Endpoint,
		Text: pipeline.PushText, Token: token, Rate: job.Rate,
	}
	if job.Kind == pipeline.Multicast {
		o.Text = pipeline.MulticastText
	}
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := s.toWorkers(ctx, "orders:work", string(text)); err != nil {
		return err
	}
	if !fresh {
		return s.begin(ctx, nil)
	}
	return s.redis.RPush(ctx, "orders:compose", text).Err()
}

func (s *phpStore) begin(ctx context.Context, _ []int) error { return s.toWorkers(ctx, "begin", "now") }

// toWorkers gives each worker something that it waits for.
func (s *phpStore) toWorkers(ctx context.Context, list, text string) error {
	return s.redis.RPush(ctx, list, slices.Repeat([]any{text}, s.workers)...).Err()
}

// settled asks for all three places at one instant.
func (s *phpStore) settled(ctx context.Context) (bool, error) {
	tx := s.redis.TxPipeline()
	waiting, delayed, inHand := tx.LLen(ctx, "jobs"), tx.ZCard(ctx, "jobs:delayed"), tx.ZCard(ctx, "jobs:reserved")
	if _, err := tx.Exec(ctx); err != nil {
		return false, err
	}
	return waiting.Val()+delayed.Val()+inHand.Val() == 0, nil
}

func (s *phpStore) close() error {
	return errors.Join(s.redis.Close(), os.Remove(s.program.script))
}
