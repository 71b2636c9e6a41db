package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestStaleIndexIsNoAlarm(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(reassuring{slog.NewTextHandler(&out, nil)}).With("stream", "E")
	log.Warn("nats server", "text", "Filestore [E] Recovering stream state from index errored: corrupt state file")
	if got := out.String(); !strings.Contains(got, "level=INFO") || !strings.Contains(got, "nothing is lost") ||
		!strings.Contains(got, "stream=E") || !strings.Contains(got, "corrupt state file") {
		t.Errorf("logged %s", got)
	}
	out.Reset()
	log.Warn("nats server", "text", "disk is slow")
	if got := out.String(); !strings.Contains(got, "level=WARN") {
		t.Errorf("logged %s", got)
	}
	out.Reset()
	slog.New(reassuring{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn})}).
		Warn("nats server", "text", "Recovering TTL state from index errored: x")
	if out.Len() > 0 {
		t.Errorf("logged below the level: %s", out.String())
	}
}
