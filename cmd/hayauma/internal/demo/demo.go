package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"hayauma.example/actors/provider/linesim"
	"hayauma.example/cmd/hayauma/internal/api"
	"hayauma.example/cmd/hayauma/internal/app"
	"hayauma.example/cmd/hayauma/internal/client"
	"hayauma.example/cmd/hayauma/internal/config"
)

// Config says how large the demonstration is.
type Config struct {
	Recipients int // of the personalised campaign
	Uniform    int // of the uniform campaign
	LimitsOff  bool
	Faults     linesim.Faults
	Log        *slog.Logger // nil discards
	Version    string
	Progress   func(settled, all int) // called now and then, by one goroutine at a time; nil: not called
}

// Validate tells what is wrong.
func (c Config) Validate() error {
	const most = 10_000_000
	if c.Recipients < 1 || c.Recipients > most || c.Uniform < 1 || c.Uniform > most {
		return fmt.Errorf("--recipients %d, --uniform %d: both must be from 1 to %d", c.Recipients, c.Uniform, most)
	}
	return nil
}

// Campaign is one campaign's result. Its JSON is part of the command's contract, like that of Report.
type Campaign struct {
	ID        string  `json:"id"`
	Mode      string  `json:"mode"`
	Accepted  uint64  `json:"accepted"`
	Delivered uint64  `json:"delivered"`
	Failed    uint64  `json:"failed"`
	Unknown   uint64  `json:"unknown"`
	Seconds   float64 `json:"seconds"` // from the first window to the end

	Name  string `json:"-"`
	State string `json:"-"`
}

// Simulator is the other side's result.
type Simulator struct {
	Users      int `json:"users"`
	Deliveries int `json:"deliveries"`
	Duplicates int `json:"duplicates"`
	Missing    int `json:"missing"`
	Requests   int `json:"requests"` // that send
}

// Report is the result of a demonstration.
type Report struct {
	OK        bool       `json:"ok"`
	Campaigns []Campaign `json:"campaigns"`
	Simulator Simulator  `json:"simulator"`

	Verdict Verdict `json:"-"`
}

const (
	channel     = "demo"
	tokenEnv    = "LINE_DEMO_TOKEN"
	memoryLimit = 512 << 20 // of this process, which holds the simulator's ledger too
)

// stage is what the demonstration stands on.
type stage struct {
	cfg     Config
	dir     string
	sim     *linesim.Server
	simURL  string
	client  *client.Client
	closers []func() error
}

// Run plays the demonstration. Its error is why it could not be played to its end; ledgers that differ are no error but a report
// that is not ok.
func Run(ctx context.Context, cfg Config) (report Report, err error) {
	if err := cfg.Validate(); err != nil {
		return Report{}, err
	}
	s := &stage{cfg: cfg}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, step := range []func(context.Context) error{s.makeDir, s.startSimulator, s.startDaemon, s.addChannel} {
		if err := step(ctx); err != nil {
			return Report{}, err
		}
	}
	return s.play(ctx)
}

func (s *stage) close() error {
	var errs []error
	for _, undo := range slices.Backward(s.closers) {
		errs = append(errs, undo())
	}
	return errors.Join(errs...)
}

func (s *stage) makeDir(context.Context) (err error) {
	if s.dir, err = os.MkdirTemp("", "hayauma-demo-"); err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	s.closers = append(s.closers, func() error { return os.RemoveAll(s.dir) })
	return nil
}

func (s *stage) startSimulator(ctx context.Context) error {
	s.sim = linesim.NewServer(linesim.Options{Faults: s.cfg.Faults, Limits: linesim.Limits{Off: s.cfg.LimitsOff}})
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("demo: simulator: %w", err)
	}
	s.simURL = "http://" + listener.Addr().String()
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: s.sim}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(listener) // it ends by Close only
	}()
	s.closers = append(s.closers, func() error {
		s.sim.Close()
		err := server.Close()
		<-ended
		return err
	})
	return nil
}

func (s *stage) startDaemon(ctx context.Context) error {
	if err := os.Setenv(tokenEnv, "demo"); err != nil {
		return err
	}
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.MemoryLimit = filepath.Join(s.dir, "data"), "127.0.0.1:0", memoryLimit
	daemon, err := app.Start(ctx, cfg, app.Options{Log: s.cfg.Log, Version: s.cfg.Version})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { return daemon.Stop(context.WithoutCancel(ctx)) })
	s.client, err = client.New(daemon.URL(), "")
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() error { s.client.Close(); return nil })
	return nil
}

func (s *stage) addChannel(ctx context.Context) error {
	n := api.NewChannel{Name: channel, Provider: "line", Endpoint: s.simURL, TokenEnv: tokenEnv}
	if s.cfg.LimitsOff {
		n.Limits = &api.Limits{}
	}
	_, err := s.client.AddChannel(ctx, n)
	return err
}

// play submits both campaigns, waits for their ends, and compares.
func (s *stage) play(ctx context.Context) (Report, error) {
	groups := []*group{personalised(s.cfg.Recipients), uniform(s.cfg.Uniform)}
	p := &progress{tell: s.cfg.Progress, settled: make([]int, len(groups)), all: s.cfg.Recipients + s.cfg.Uniform}
	ends := make([]api.Campaign, len(groups))
	both, fail := context.WithCancelCause(ctx) // where one can't be delivered the other is not waited for
	defer fail(nil)
	var wg sync.WaitGroup
	for i, g := range groups {
		wg.Go(func() {
			var err error
			if ends[i], err = s.deliver(both, g, func(settled int) { p.set(i, settled) }); err != nil {
				fail(err)
			}
		})
	}
	wg.Wait()
	if err := context.Cause(both); err != nil {
		return Report{}, err
	}
	return s.report(ctx, groups, ends)
}

// deliver submits one campaign and follows it to its end.
func (s *stage) deliver(ctx context.Context, g *group, settled func(int)) (api.Campaign, error) {
	path := filepath.Join(s.dir, g.file)
	if err := g.write(path); err != nil {
		return api.Campaign{}, err
	}
	definition, err := g.campaign(channel)
	if err != nil {
		return api.Campaign{}, err
	}
	audience, file, err := client.OpenAudience(path)
	if err != nil {
		return api.Campaign{}, err
	}
	defer file.Close()
	id, err := s.client.Submit(ctx, uuid.NewString(), definition, audience)
	if err != nil {
		return api.Campaign{}, fmt.Errorf("demo: submit the %s campaign: %w", g.name, err)
	}
	return s.client.Follow(ctx, id, 10*time.Second, func(c api.Campaign) { settled(int(c.Accepted - c.Pending)) })
}

func (s *stage) report(ctx context.Context, groups []*group, ends []api.Campaign) (Report, error) {
	var r Report
	ledgers := make([]*ledger, len(groups))
	finished := true
	for i, g := range groups {
		c := ends[i]
		finished = finished && c.State == "finished" && c.Accepted == uint64(g.size)
		r.Campaigns = append(r.Campaigns, resultOf(c))
		ledgers[i] = newLedger(g)
		body, err := s.client.Recipients(ctx, c.ID, client.Export{})
		if err != nil {
			return r, err
		}
		err = errors.Join(ledgers[i].export(body), body.Close())
		if err != nil {
			return r, err
		}
	}
	r.Verdict = compare(ledgers, s.sim.Sim.Deliveries())
	sum := s.sim.Sim.Ledger()
	r.Simulator = Simulator{Users: sum.Users, Deliveries: sum.Deliveries, Duplicates: sum.Duplicates, Missing: r.Verdict.Missing,
		Requests: sum.Requests.Push + sum.Requests.Multicast}
	r.OK = finished && r.Verdict.Equal() && sum.Duplicates == 0
	return r, nil
}

func resultOf(c api.Campaign) Campaign {
	result := Campaign{ID: c.ID, Mode: c.Mode, Accepted: c.Accepted, Delivered: c.Delivered, Failed: c.Failed, Unknown: c.Unknown, Name: c.Name, State: c.State}
	if c.StartedAt != nil && c.FinishedAt != nil {
		result.Seconds = float64(c.FinishedAt.Sub(*c.StartedAt).Milliseconds()) / 1000
	}
	return result
}

// progress adds up what the campaigns have settled.
type progress struct {
	tell func(settled, all int)
	all  int

	mu      sync.Mutex // guards what follows, and is held while telling
	settled []int
}

func (p *progress) set(i, settled int) {
	if p.tell == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.settled[i] = settled
	sum := 0
	for _, n := range p.settled {
		sum += n
	}
	p.tell(sum, p.all)
}
