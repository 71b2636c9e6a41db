package channel

import (
	"errors"
	"testing"
	"time"

	"hayauma.example/actors/provider"
)

func TestOver(t *testing.T) {
	away := errors.New("away")
	tests := []struct {
		name  string
		kind  PauseKind
		quota provider.Quota
		err   error
		want  bool
	}{
		{"used up", PauseQuota, provider.Quota{Limited: true, Limit: 100, Used: 100}, nil, false},
		{"some left", PauseQuota, provider.Quota{Limited: true, Limit: 100, Used: 99}, nil, true},
		{"no limit", PauseQuota, provider.Quota{}, nil, true},
		{"no answer", PauseQuota, provider.Quota{}, away, false},
		{"token taken", PauseUnauthorized, provider.Quota{Limited: true, Limit: 100, Used: 100}, nil, true},
		{"token refused", PauseUnauthorized, provider.Quota{}, away, false},
	}
	for _, tt := range tests {
		if got := over(tt.kind, tt.quota, tt.err); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestProbeTimes(t *testing.T) {
	var p probing
	p.again(time.Hour)
	for i, want := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		if got := p.next(); got != time.Duration(want)*time.Second {
			t.Errorf("probe %d after %v, want %d s", i, got, want)
		}
	}
	p.ended = 2 * time.Hour
	p.again(2*time.Hour + 59*time.Second)
	if got := p.next(); got != time.Minute {
		t.Errorf("paused again soon after: probe after %v", got)
	}
	p.again(3 * time.Hour)
	if got := p.next(); got != time.Second {
		t.Errorf("paused again much later: probe after %v", got)
	}
}
