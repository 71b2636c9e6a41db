package config_test

import (
	"strings"
	"testing"

	"hayauma.example/cmd/hayauma/internal/config"
)

func TestProgramsOverNATS(t *testing.T) {
	c, err := load(t, "", []string{"HAYAUMA_TOKEN=t"}, "--nats-listen", "127.0.0.1:4222", "--nats-api", "--publish-events", "--publish-prefix", "acme.events")
	if err != nil || !c.NATS.API || !c.PublishEvents || c.PublishPrefix != "acme.events" || c.PublishMaxBytes != 256<<20 {
		t.Errorf("%+v, %v", c, err)
	}
	if c := config.Default(); c.NATS.API || c.PublishEvents {
		t.Error("on by default")
	}
	const token = "HAYAUMA_TOKEN=t"
	for _, tc := range []struct {
		env, args, want string
	}{
		{"", "--nats-api --nats-listen 127.0.0.1:4222", ""},
		{token, "--nats-api --nats nats://example:4222", ""},
		{"", "--publish-events --nats nats://example:4222", ""},
		{token, "--publish-events --nats-listen 0.0.0.0:4222 --nats-listen-cert c --nats-listen-key k", ""},
		{"", "--nats-api=maybe", "neither true nor false"},
		{"", "--nats-api --store memory", "store memory is without"},
		{"", "--publish-events", "set nats-listen"},
		{"", "--nats-listen 127.0.0.1:4222", "on which nothing is served"},
		{token, "--nats-api --nats-listen 127.0.0.1:4222 --nats nats://example:4222", "leave nats-listen out"},
		{"", "--nats-api --nats nats://example:4222", "set HAYAUMA_TOKEN"},
		{"", "--nats-api --nats-listen 0.0.0.0:4222", "no token is set"},
		{token, "--nats-api --nats-listen 0.0.0.0:4222", "plain text"},
		{token, "--nats-api --nats-listen 4222", "not HOST:PORT"},
		{"", "--nats-api --nats-listen 127.0.0.1:4222 --nats-listen-cert c", "belong together"},
		{"", "--nats-listen-cert c --nats-listen-key k", "belong to nats-listen"},
		{"", "--publish-events --nats-listen 127.0.0.1:4222 --publish-prefix ev.x", "can't begin subjects"},
		{"", "--publish-events --nats-listen 127.0.0.1:4222 --publish-prefix pub.*", "can't begin subjects"},
		{"", "--publish-events --nats-listen 127.0.0.1:4222 --publish-prefix _INBOX", "can't begin subjects"},
		{"", "--publish-events --nats-listen 127.0.0.1:4222 --publish-max-bytes 1KiB", "too small"},
	} {
		_, err := load(t, "", strings.Fields(tc.env), strings.Fields(tc.args)...)
		if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s %s: %v, want %q", tc.env, tc.args, err, tc.want)
		}
	}
}
