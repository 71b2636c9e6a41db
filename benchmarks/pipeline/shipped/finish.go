package shipped

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"hayauma.example/benchmarks/pipeline"
)

const (
	asking    = 50 * time.Millisecond  // between two questions whether the campaign has ended
	firstLook = 150 * time.Millisecond // at the goroutines, after the due time
	looking   = 500 * time.Millisecond // between two such looks; one costs the daemon about a millisecond
	statsAge  = 1100 * time.Millisecond
)

// shown is a campaign as the daemon tells of it.
type shown struct {
	State     string `json:"state"`
	Accepted  int    `json:"accepted"`
	Delivered int    `json:"delivered"`
	Reason    string `json:"reason"`
}

func (c shown) final() bool {
	return c.State == "finished" || c.State == "cancelled" || c.State == "expired"
}

// EndError is a campaign that ended otherwise than with everything delivered.
type EndError struct {
	State               string
	Accepted, Delivered int
	Reason              string
}

func (e *EndError) Error() string {
	return fmt.Sprintf("shipped: the campaign ended as %s with %d of %d delivered: %s", e.State, e.Delivered, e.Accepted, e.Reason)
}

// planning is how often the daemon is asked whether the campaign is planned.
const planning = 20 * time.Millisecond

// Planned implements [pipeline.Planner]. The daemon tells of recipients once they are planned, and refuses to before.
func (s *system) Planned(ctx context.Context) error {
	tick := time.NewTicker(planning)
	defer tick.Stop()
	for {
		err := s.call(ctx, http.MethodGet, "/v1/campaigns/"+s.campaign+"/recipients/"+nobody+"/why", "", nil, nil)
		var refused *RefusedError
		switch {
		case errors.As(err, &refused) && refused.Status == http.StatusNotFound: // it looked for them
			return nil
		case !errors.As(err, &refused) || refused.Status != http.StatusConflict:
			return fmt.Errorf("shipped: whether the campaign is planned: %w", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// nobody is no recipient.
const nobody = "nobody"

// Finish implements [pipeline.System].
func (s *system) Finish(ctx context.Context) error {
	ask := time.NewTicker(asking)
	defer ask.Stop()
	look := time.NewTimer(time.Until(s.due) + firstLook)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-look.C:
			s.look(ctx)
			look.Reset(looking)
		case <-ask.C:
			if c, known, err := s.show(ctx); err != nil || known && c.final() {
				return s.end(c, err)
			}
		}
	}
}

// show asks for the campaign; known is false when the daemon does not answer now. One that answers that it does not know the campaign
// has lost it.
func (s *system) show(ctx context.Context) (c shown, known bool, err error) {
	err = s.call(ctx, http.MethodGet, "/v1/campaigns/"+s.campaign, "", nil, &c)
	var refused *RefusedError
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return c, false, err
	}
	return c, err == nil, nil
}

func (s *system) end(c shown, err error) error {
	switch {
	case err != nil:
		return err
	case c.State != "finished" || c.Accepted != s.job.Recipients || c.Delivered != c.Accepted:
		return &EndError{c.State, c.Accepted, c.Delivered, c.Reason}
	}
	return nil
}

// look keeps the highest number of goroutines.
func (s *system) look(ctx context.Context) {
	if values, err := s.metrics(ctx); err == nil { // without an answer there is nothing to keep
		s.most = max(s.most, int(values["go_goroutines"]))
	}
}

// metrics are the daemon's figures without labels.
func (s *system) metrics(ctx context.Context) (map[string]float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.listen+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("shipped: metrics: %w", err)
	}
	defer answer.Body.Close()
	values := map[string]float64{}
	lines := bufio.NewScanner(answer.Body)
	for lines.Scan() {
		name, text, ok := strings.Cut(lines.Text(), " ")
		if !ok || strings.ContainsAny(name, "#{") {
			continue
		}
		if v, err := strconv.ParseFloat(text, 64); err == nil {
			values[name] = v
		}
	}
	return values, lines.Err()
}

// Stored implements [pipeline.Keeper]. The daemon's own figures may be a second old.
func (s *system) Stored(ctx context.Context) (pipeline.Stored, error) {
	timer := time.NewTimer(statsAge)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
		return pipeline.Stored{}, context.Cause(ctx)
	}
	values, err := s.metrics(ctx)
	return pipeline.Stored{
		Records: values["hayauma_journal_records"], Bytes: values["hayauma_journal_bytes"],
		Objects: values["hayauma_journal_objects"], ObjectBytes: values["hayauma_journal_object_bytes"],
	}, err
}
