package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"hayauma.example/cmd/hayauma/internal/admin"
)

// Admin calls a daemon's admin listener.
type Admin struct{ *Client }

// NewAdmin makes a client of the listener at server, such as http://127.0.0.1:8485. token may be empty.
func NewAdmin(server, token string) (Admin, error) {
	c, err := New(server, token)
	if err != nil {
		return Admin{}, fmt.Errorf("admin listener %q is not a URL such as http://127.0.0.1:8485: set --admin or HAYAUMA_ADMIN", server)
	}
	return Admin{c}, nil
}

// LogLevel shows the daemon's log level.
func (a Admin) LogLevel(ctx context.Context) (string, error) {
	var l admin.Level
	err := a.get(ctx, "/debug/log-level", &l)
	return l.Level, a.described(err)
}

// SetLogLevel changes it until the process ends.
func (a Admin) SetLogLevel(ctx context.Context, level string) error {
	return a.described(a.call(ctx, order{http.MethodPost, "/debug/log-level", admin.Level{Level: level}}, nil))
}

// KeepFlight has the daemon write its flight record into its data directory.
func (a Admin) KeepFlight(ctx context.Context) (k admin.Kept, err error) {
	err = a.call(ctx, order{http.MethodPost, "/debug/flight", nil}, &k)
	return k, a.described(err)
}

// Dump streams what the daemon can tell of itself, as a tar.gz. The caller closes it. A dump that breaks off ends with an error from Read.
func (a Admin) Dump(ctx context.Context) (io.ReadCloser, error) {
	resp, err := a.send(ctx, request{method: http.MethodGet, path: "/debug/dump"})
	if err != nil {
		return nil, a.described(err)
	}
	return resp.Body, nil
}

// described says of a listener that gave no answer how it is switched on.
func (a Admin) described(err error) error {
	if u, ok := errors.AsType[Unreachable](err); ok {
		return fmt.Errorf("no answer from the admin listener at %s: %w; it is off unless `hayauma serve --admin-listen` says where it listens: set --admin or "+
			"HAYAUMA_ADMIN to that", u.Server, u.Err)
	}
	return err
}
